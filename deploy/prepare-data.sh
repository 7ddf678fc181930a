#!/bin/sh
# Runs once before the server, as root with three capabilities. Lets two users share data/: the owner of the checkout and
# the user of the server, which is always the same. See docs/decisions/0006-container.md.
set -u

server_id=1000
data=/app/data
config=/app/config

# Some network and desktop file systems do not allow this. Often the server can write there anyway; if not, it reports it.
failed() {
  echo "prepare: could not change $1; if LMGate cannot use it, give user or group $server_id access" >&2
}

# If data/ was missing, the container engine created it as root. It should belong to the owner of the checkout.
if [ "$(stat -c %u "$data")" = 0 ]; then
  chown "$(stat -c %u "$config")" "$data" || failed data/
fi

# The server has access through the group, and new files get that group (setgid). Other users have none: the allow-list
# contains keys, and the stats file inside is readable by all, because the owner of the checkout is not in that group.
{ chgrp "$server_id" "$data" && chmod 2770 "$data"; } || failed data/

# Files of the owner, or of an LMGate that ran outside the container. The server's own files stay: it may be running.
find "$data" -xdev -mindepth 1 -maxdepth 1 -type f ! -user "$server_id" \
  -exec chgrp "$server_id" {} + -exec chmod g+rw {} + || failed "files in data/"

# A checkout made under a strict umask has a configuration that only its owner can read. Editors that write a new file and
# rename it keep its mode; the setgid bit keeps its group.
find "$config" -xdev \( -type f -o -type d \) ! -perm -o+r ! -user "$server_id" \
  -exec chgrp "$server_id" {} + -exec chmod g+rX {} + || failed config/
find "$config" -xdev -type d ! -perm -o+r ! -user "$server_id" -exec chmod g+s {} + || failed config/

if [ ! -e "$data/allowlist.csv" ]; then
  echo "prepare: data/allowlist.csv is missing, and LMGate does not start without it. Create it with the first line" \
    "id,api_key,owner,added and one line for each key, such as 1,sk-proj-...,dev-team,2026-02-16" >&2
fi
exit 0
