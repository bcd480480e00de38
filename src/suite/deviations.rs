//! The deviations that a scenario knows of.

use toml::Spanned;

use super::case::KnownDeviation;
use super::error::SuiteError;
use super::expectation::Layer;
use super::file::{Deviates, Deviation};
use super::names::{Part, Target};
use super::resolve::Reader;
use super::selector::Selector;
use super::version::VersionReq;

impl<'a> Reader<'a> {
    pub(super) fn is_in_set(&self, set: &str, like: &str) -> bool {
        self.names.members(set).any(|member| member == like)
    }

    pub(super) fn versions_of(
        &self,
        deviation: &'a Deviates,
    ) -> impl Iterator<Item = &'a VersionReq> {
        let (own, named) = self.parts_of(deviation);
        [own, named.map(|(_, named)| named)]
            .into_iter()
            .flatten()
            .filter_map(|deviation| deviation.version.as_ref().map(Spanned::get_ref))
    }

    /// What a deviation says itself, and the named one that it is.
    pub(super) fn parts_of(
        &self,
        deviation: &'a Deviates,
    ) -> (Option<&'a Deviation>, Option<(&'a Part, &'a Deviation)>) {
        match deviation {
            Deviates::Named(name) => (None, self.names.deviation(name)),
            Deviates::Written(own) => {
                let named = own.r#use.as_ref();
                (
                    Some(own),
                    named.and_then(|name| self.names.deviation(name.get_ref())),
                )
            }
        }
    }

    /// All deviations, each with the name of the implementation or set that has it.
    pub(super) fn deviations(&self) -> Vec<(&'a Spanned<Selector>, &'a Deviates)> {
        let deviates = self.scenario.deviates.0.iter();
        deviates
            .flat_map(|(selector, list)| list.0.iter().map(move |deviates| (selector, deviates)))
            .collect()
    }

    pub(super) fn known_deviations(
        &self,
        layers: &[Layer<'a>],
        target: Target<'_>,
    ) -> Result<Vec<KnownDeviation>, SuiteError> {
        let tables = self
            .names
            .all(&self.part.source, &self.scenario.deviates, target)?;
        let all = tables.into_iter().flat_map(|(_, list)| &list.0);
        all.map(|deviates| self.known_deviation(deviates, layers, target))
            .collect()
    }

    fn known_deviation(
        &self,
        deviates: &'a Deviates,
        layers: &[Layer<'a>],
        target: Target<'_>,
    ) -> Result<KnownDeviation, SuiteError> {
        let (own, named) = self.parts_of(deviates);
        let mut all = Vec::new();
        all.extend(own.map(|own| Layer {
            source: &self.part.source,
            expects: own.expects(),
        }));
        all.extend(named.map(|(part, named)| Layer {
            source: &part.source,
            expects: named.expects(),
        }));
        all.extend_from_slice(layers);
        let parts = [own, named.map(|(_, named)| named)];
        let first = |f: fn(&Deviation) -> Option<String>| parts.iter().flatten().find_map(|d| f(d));
        let version = parts.iter().flatten().find_map(|d| d.version.as_ref());
        Ok(KnownDeviation {
            name: match deviates {
                Deviates::Named(name) => Some(name.clone()),
                Deviates::Written(own) => own.r#use.as_ref().map(|name| name.get_ref().clone()),
            },
            why: first(|d| d.why.clone()).unwrap_or_default(),
            version: version.map(|version| version.get_ref().clone()),
            expectation: self.expectation(&all, target)?,
        })
    }
}
