"""Words of the port matrix."""
# ruff: noqa: E501 - a sentence stays on its line

from __future__ import annotations

from conclave.text import N_

WORDS: dict[str, str] = {
    "title": N_("Port matrix"),
    "lead": N_(
        "What the firewalls between the zones of this site have to let through, and nothing else. Each row is a connection from left to right; replies are allowed by connection tracking. ↔: either side may send the first packet."
    ),
    "zones": N_("Zones"),
    "zone": N_("Zone"),
    "networks": N_("Networks"),
    "hosts": N_("Hosts"),
    "arriving": N_("From outside"),
    "arriving_text": N_(
        "Reachable from the internet. The firewall translates public addresses to internal ones (NAT)."
    ),
    "arriving_plain": N_("Reachable from the internet at the hosts' own addresses: site.yml lists no public one."),
    "leaving": N_("To the outside"),
    "leaving_text": N_("The only connections that the site itself opens to the outside, in open mode."),
    "crossing": N_("Between zones"),
    "crossing_text": N_("They pass a firewall wherever there is one between the zones."),
    "inside": N_("Inside one zone"),
    "inside_text": N_(
        "They pass no firewall between zones and are listed for completeness; the hosts filter them themselves."
    ),
    "flow": N_("Flow and purpose"),
    "from": N_("From"),
    "to": N_("To"),
    "protocol": N_("Protocol"),
    "port": N_("Port"),
    "direction": N_("Dir."),
    "mode": N_("Mode"),
    "tls": N_("TLS"),
    "dscp": N_("DSCP"),
    "limit": N_("Per source: new per second, burst, open"),
    "purpose": N_("Purpose"),
    "everything": N_("everywhere"),
    "resolvers": N_("DNS servers"),
    "ntp_servers": N_("NTP servers"),
    "open": N_("open"),
    "isolated": N_("isolated"),
    "open,isolated": N_("both"),
    "yes": N_("yes"),
    "no": N_("no"),
    "sound": N_("audio"),
    "per_second": N_("{0}, {1}, {2}"),
    "public": N_("Public addresses"),
    "names": N_("Names"),
    "quality": N_("Quality of service"),
    "quality_text": N_(
        "Sizes for the uplink. The hosts mark what they send; markings that come from outside or from users must not be trusted. On the media ports (UDP), audio is {sound}, everything else AF41."
    ),
    "class": N_("Class"),
    "out": N_("out, kbit/s"),
    "in": N_("in, kbit/s"),
    "audio": N_("audio"),
    "video": N_("video and screens"),
    "signalling": N_("signalling"),
    "rest": N_("everything else"),
    "served": N_("Treatment"),
    "audio_served": N_("first, but never more than this"),
    "video_served": N_("at least this, more if available"),
    "signalling_served": N_("at least this, more if available"),
    "rest_served": N_("what is left"),
    "remarks": N_("Remarks"),
    "icmp": N_(
        "Let ICMP errors through (IPv4 types 3, 11, 12; IPv6 types 1 to 4): without them large packets get lost."
    ),
    "alg": N_(
        "Switch off SIP helpers, TLS inspection and UDP flood protection for these rows: media is end-to-end encrypted, and a call sends several hundred packets a second from one address."
    ),
    "dns": N_("Inside, forward the domain {domain} to the site's DNS server, so that nobody needs the public address."),
    "crisis": N_(
        "“both” means open and isolated mode. In isolated mode each host itself drops all traffic from and to the outside; nothing has to be changed here."
    ),
    "timeout": N_("UDP state: at least 60 s; TCP state: at least 2 h."),
}
