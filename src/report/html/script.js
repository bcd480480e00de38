(() => {
  "use strict";
  const root = document.documentElement, all = [...document.querySelectorAll("details.c")];
  const filter = document.getElementById("filter"), chips = [...document.querySelectorAll(".chip")];
  const chosen = new Set();
  root.classList.add("scripts");
  // What `id` and statuses say is text; nothing here is ever read as markup.
  const show = () => {
    const words = filter.value.toLowerCase().replaceAll("::", "/").split(/\s+/).filter(Boolean);
    for (const c of all) {
      const named = words.every(w => c.id.toLowerCase().includes(w));
      const fits = !chosen.size || [...chosen].some(s => c.classList.contains(s));
      c.hidden = !(named && fits);
    }
    for (const h of document.querySelectorAll("main h2")) {
      let n = 0;
      for (let e = h.nextElementSibling; e && e.tagName === "DETAILS"; e = e.nextElementSibling) n += !e.hidden;
      h.hidden = !n;
      h.querySelector("small").textContent = n;
    }
    for (const r of document.querySelectorAll(".mx tbody tr")) {
      r.hidden = words.length > 0 && ![...r.querySelectorAll("a")].some(a => {
        const id = decodeURIComponent(a.hash.slice(1)).toLowerCase();
        return words.every(w => id.includes(w));
      });
    }
  };
  const go = c => {
    if (!c) return;
    c.open = true;
    history.replaceState(null, "", c.querySelector("a.li").hash);
    for (const o of all) o.classList.toggle("here", o === c);
    c.scrollIntoView({ block: "start" });
    c.querySelector("summary").focus({ preventScroll: true });
  };
  const here = () => all.findIndex(c => c.classList.contains("here"));
  const step = by => {
    const wanted = all.filter(c => c.classList.contains("not-well") && !c.hidden);
    if (!wanted.length) return;
    const now = here();
    const next = by > 0 ? wanted.find(c => all.indexOf(c) > now) || wanted[0]
      : wanted.findLast(c => all.indexOf(c) < now) || wanted[wanted.length - 1];
    go(next);
  };
  const theme = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  };
  const followed = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const c = document.getElementById(id);
    if (c && c.tagName === "DETAILS") { c.hidden = false; go(c); }
  };
  filter.addEventListener("input", show);
  for (const chip of chips) chip.addEventListener("click", () => {
    const s = chip.dataset.status;
    chosen.has(s) ? chosen.delete(s) : chosen.add(s);
    chip.setAttribute("aria-pressed", chosen.has(s));
    show();
  });
  document.getElementById("theme").addEventListener("click", theme);
  addEventListener("hashchange", followed);
  addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.target === filter) { if (e.key === "Escape") { filter.value = ""; show(); filter.blur(); } return; }
    if (e.key === "n") step(1);
    else if (e.key === "p") step(-1);
    else if (e.key === "t") theme();
    else if (e.key === "o") { const open = all.some(c => !c.hidden && !c.open); for (const c of all) if (!c.hidden) c.open = open; }
    else if (e.key === "/") { filter.focus(); e.preventDefault(); }
  });
  followed();
  root.dataset.ready = "yes";
})();
