/** A host of an nmap run; times are Unix seconds. */
export interface NmapHostText {
  readonly address: string;
  readonly state?: string;
  readonly endtime?: number;
  /** Elements within the host behind its addresses. */
  readonly found?: string;
}

/** What nmap 7.94 writes with -oX, as its document type (docs/nmap.dtd) has it; the run began on 2026-03-04, 05:00 UTC. */
export function nmapText(hosts: readonly NmapHostText[], scanner = "nmap"): string {
  const began = Date.parse("2026-03-04T05:00:00Z") / 1000;
  const elements = hosts.map(({ address, state = "up", endtime, found = "" }) => {
    const type = address.includes(":") ? "ipv6" : "ipv4";
    return `<host starttime="${began}"${endtime === undefined ? "" : ` endtime="${endtime}"`}><status state="${state}" reason="echo-reply" reason_ttl="58"/>
<address addr="${address}" addrtype="${type}"/><address addr="00:00:5E:00:53:01" addrtype="mac" vendor="IANA"/>
${found}<times srtt="2000" rttvar="300" to="100000"/></host>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="file:///usr/share/nmap/nmap.xsl" type="text/xsl"?>
<!-- Nmap 7.94 scan initiated as: nmap -O -sV -oX box.xml 198.51.100.2 -->
<nmaprun scanner="${scanner}" args="nmap -O -sV -oX box.xml 198.51.100.2" start="${began}" version="7.94" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="1000" services="1-1000"/>
<verbose level="0"/>
<debugging level="0"/>
${elements.join("\n")}
<runstats><finished time="${began + 60}" elapsed="60" exit="success"/><hosts up="1" down="0" total="1"/></runstats>
</nmaprun>
`;
}

/** A box that is managed over SSH and HTTPS. */
export const FIREWALL = `<hostnames><hostname name="fw1.example.net" type="PTR"/></hostnames>
<ports><extraports state="filtered" count="997"><extrareasons reason="no-response" count="997"/></extraports>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="58"/><service name="ssh" product="OpenSSH" version="8.4p1" extrainfo="protocol 2.0" method="probed" conf="10"><cpe>cpe:/a:openbsd:openssh:8.4p1</cpe></service></port>
<port protocol="tcp" portid="80"><state state="closed" reason="reset" reason_ttl="58"/><service name="http" method="table" conf="3"/></port>
<port protocol="tcp" portid="443"><state state="open" reason="syn-ack" reason_ttl="58"/><service name="http" tunnel="ssl" method="probed" conf="10"/><script id="http-title" output="Sign &quot;in&quot; &amp; go"/></port></ports>
<os><portused state="open" proto="tcp" portid="22"/>
<osmatch name="Linux 4.15 - 5.8" accuracy="91" line="1"><osclass type="general purpose" vendor="Linux" osfamily="Linux" osgen="5.X" accuracy="91"/></osmatch>
<osmatch name="Palo Alto PAN-OS 10" accuracy="96" line="2"/></os>
`;
