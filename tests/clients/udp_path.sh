# client (this namespace) -- 1500 bytes -- router -- 1300 bytes -- server, each a network namespace. For
# test_udp_path.py, which says how to run it; needs ip (iproute2), nsenter and unshare (util-linux).
set -euo pipefail
python=$PYTHON
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT

# A name space lives as long as a process in it.
unshare -n sleep 1000 & router=$!
unshare -n sleep 1000 & server=$!
mine=$(readlink /proc/self/ns/net)
for pid in $router $server; do
  until [[ $(readlink /proc/$pid/ns/net) != "$mine" ]]; do sleep 0.01; done
done
in_router() { nsenter -t $router -n "$@"; }
in_server() { nsenter -t $server -n "$@"; }

ip link add left type veth peer name left netns $router
ip addr add 10.7.1.1/24 dev left && ip link set left up
ip route add default via 10.7.1.2
in_router ip addr add 10.7.1.2/24 dev left
in_router ip link set left up
in_router ip link add right type veth peer name right netns $server
in_router ip addr add 10.7.2.2/24 dev right
in_router ip link set right mtu 1300 up
in_router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
in_server ip addr add 10.7.2.1/24 dev right
in_server ip link set right mtu 1300 up
in_server ip route add default via 10.7.2.2

log=$(mktemp)
serve=("$python" -m fastnet serve tests.servers.datagram_site:lengths --bind udp://10.7.2.1:1060 --workers 1)
nsenter -t $server -n "${serve[@]}" 2>"$log" & # not by the function, which would be the process to kill
until grep -q serving "$log"; do
  sleep 0.05
  kill -0 $! || { cat "$log" >&2; exit 1; }
done
rm "$log"
"$python" tests/clients/udp_path.py udp://10.7.2.1:1060
