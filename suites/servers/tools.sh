# What the scripts beside this file share; they read it by `. ./tools.sh`.

# No package of Debian puts the binaries of PostgreSQL into PATH, and not every user has those of the system there.
for directory in /usr/lib/postgresql/*/bin; do
    PATH=$PATH:$directory
done
PATH=$PATH:/usr/sbin

# A cluster of PostgreSQL of which each run gets a copy. Another major version cannot read it.
cluster() {
    echo "../../target/servers-data/postgres-$(postgres --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')"
}

# PostgreSQL does not run as root: what to put before its commands.
as_nobody() {
    [ "$(id -u)" != 0 ] || echo setpriv --reuid=nobody --regid=nogroup --clear-groups
}
