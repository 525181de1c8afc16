# Windows policy-based QoS (PowerShell): site lab, written by Conclave 0 from the flow catalogue.
# Do not edit it: change the site and generate it again. Each rule names its flow.
# Holds: marks of what browsers send to this site; nothing about filter or NAT.
# Tried: not on Windows; the parameters are those of the cmdlet New-NetQosPolicy.
# Before use: run it as administrator, or put the same values into a group policy (Computer Configuration, Windows Settings, Policy-based QoS). Devices outside a domain need the registry value 'Do not use NLA' = 1.
# Isolated mode needs no change here: each host drops what comes from and goes to the outside by itself.
# A policy cannot tell audio from video on one port, and overrides the browser's own marks: media
# gets AF41 for all. Where switches take over the browser's marks of audio, leave out the UDP policies.
#Requires -RunAsAdministrator
$ErrorActionPreference = 'Stop'
Get-NetQosPolicy | Where-Object Name -Like 'conclave-*' | Remove-NetQosPolicy -Confirm:$false
# conclave web: users to edge1
New-NetQosPolicy -Name 'conclave-web-v4-chrome' -AppPathNameMatchCondition 'chrome.exe' -IPProtocolMatchCondition TCP -IPDstPrefixMatchCondition '192.0.2.2/32' -IPDstPortStartMatchCondition 443 -IPDstPortEndMatchCondition 443 -DSCPAction 24 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-web-v4-msedge' -AppPathNameMatchCondition 'msedge.exe' -IPProtocolMatchCondition TCP -IPDstPrefixMatchCondition '192.0.2.2/32' -IPDstPortStartMatchCondition 443 -IPDstPortEndMatchCondition 443 -DSCPAction 24 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-web-v4-firefox' -AppPathNameMatchCondition 'firefox.exe' -IPProtocolMatchCondition TCP -IPDstPrefixMatchCondition '192.0.2.2/32' -IPDstPortStartMatchCondition 443 -IPDstPortEndMatchCondition 443 -DSCPAction 24 -NetworkProfile All | Out-Null
# conclave web: users to edge1
New-NetQosPolicy -Name 'conclave-web-v6-chrome' -AppPathNameMatchCondition 'chrome.exe' -IPProtocolMatchCondition TCP -IPDstPrefixMatchCondition '2001:db8:1:1::2/128' -IPDstPortStartMatchCondition 443 -IPDstPortEndMatchCondition 443 -DSCPAction 24 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-web-v6-msedge' -AppPathNameMatchCondition 'msedge.exe' -IPProtocolMatchCondition TCP -IPDstPrefixMatchCondition '2001:db8:1:1::2/128' -IPDstPortStartMatchCondition 443 -IPDstPortEndMatchCondition 443 -DSCPAction 24 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-web-v6-firefox' -AppPathNameMatchCondition 'firefox.exe' -IPProtocolMatchCondition TCP -IPDstPrefixMatchCondition '2001:db8:1:1::2/128' -IPDstPortStartMatchCondition 443 -IPDstPortEndMatchCondition 443 -DSCPAction 24 -NetworkProfile All | Out-Null
# conclave media-udp: users to media1
New-NetQosPolicy -Name 'conclave-media-udp-v4-chrome' -AppPathNameMatchCondition 'chrome.exe' -IPProtocolMatchCondition UDP -IPDstPrefixMatchCondition '192.0.2.34/32' -IPDstPortStartMatchCondition 7882 -IPDstPortEndMatchCondition 7882 -DSCPAction 34 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-media-udp-v4-msedge' -AppPathNameMatchCondition 'msedge.exe' -IPProtocolMatchCondition UDP -IPDstPrefixMatchCondition '192.0.2.34/32' -IPDstPortStartMatchCondition 7882 -IPDstPortEndMatchCondition 7882 -DSCPAction 34 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-media-udp-v4-firefox' -AppPathNameMatchCondition 'firefox.exe' -IPProtocolMatchCondition UDP -IPDstPrefixMatchCondition '192.0.2.34/32' -IPDstPortStartMatchCondition 7882 -IPDstPortEndMatchCondition 7882 -DSCPAction 34 -NetworkProfile All | Out-Null
# conclave media-udp: users to media1
New-NetQosPolicy -Name 'conclave-media-udp-v6-chrome' -AppPathNameMatchCondition 'chrome.exe' -IPProtocolMatchCondition UDP -IPDstPrefixMatchCondition '2001:db8:1:2::2/128' -IPDstPortStartMatchCondition 7882 -IPDstPortEndMatchCondition 7882 -DSCPAction 34 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-media-udp-v6-msedge' -AppPathNameMatchCondition 'msedge.exe' -IPProtocolMatchCondition UDP -IPDstPrefixMatchCondition '2001:db8:1:2::2/128' -IPDstPortStartMatchCondition 7882 -IPDstPortEndMatchCondition 7882 -DSCPAction 34 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-media-udp-v6-firefox' -AppPathNameMatchCondition 'firefox.exe' -IPProtocolMatchCondition UDP -IPDstPrefixMatchCondition '2001:db8:1:2::2/128' -IPDstPortStartMatchCondition 7882 -IPDstPortEndMatchCondition 7882 -DSCPAction 34 -NetworkProfile All | Out-Null
# conclave media-tcp: users to media1
New-NetQosPolicy -Name 'conclave-media-tcp-v4-chrome' -AppPathNameMatchCondition 'chrome.exe' -IPProtocolMatchCondition TCP -IPDstPrefixMatchCondition '192.0.2.34/32' -IPDstPortStartMatchCondition 7881 -IPDstPortEndMatchCondition 7881 -DSCPAction 34 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-media-tcp-v4-msedge' -AppPathNameMatchCondition 'msedge.exe' -IPProtocolMatchCondition TCP -IPDstPrefixMatchCondition '192.0.2.34/32' -IPDstPortStartMatchCondition 7881 -IPDstPortEndMatchCondition 7881 -DSCPAction 34 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-media-tcp-v4-firefox' -AppPathNameMatchCondition 'firefox.exe' -IPProtocolMatchCondition TCP -IPDstPrefixMatchCondition '192.0.2.34/32' -IPDstPortStartMatchCondition 7881 -IPDstPortEndMatchCondition 7881 -DSCPAction 34 -NetworkProfile All | Out-Null
# conclave media-tcp: users to media1
New-NetQosPolicy -Name 'conclave-media-tcp-v6-chrome' -AppPathNameMatchCondition 'chrome.exe' -IPProtocolMatchCondition TCP -IPDstPrefixMatchCondition '2001:db8:1:2::2/128' -IPDstPortStartMatchCondition 7881 -IPDstPortEndMatchCondition 7881 -DSCPAction 34 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-media-tcp-v6-msedge' -AppPathNameMatchCondition 'msedge.exe' -IPProtocolMatchCondition TCP -IPDstPrefixMatchCondition '2001:db8:1:2::2/128' -IPDstPortStartMatchCondition 7881 -IPDstPortEndMatchCondition 7881 -DSCPAction 34 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-media-tcp-v6-firefox' -AppPathNameMatchCondition 'firefox.exe' -IPProtocolMatchCondition TCP -IPDstPrefixMatchCondition '2001:db8:1:2::2/128' -IPDstPortStartMatchCondition 7881 -IPDstPortEndMatchCondition 7881 -DSCPAction 34 -NetworkProfile All | Out-Null
# conclave turn-udp: users to media1
New-NetQosPolicy -Name 'conclave-turn-udp-v4-chrome' -AppPathNameMatchCondition 'chrome.exe' -IPProtocolMatchCondition UDP -IPDstPrefixMatchCondition '192.0.2.34/32' -IPDstPortStartMatchCondition 3478 -IPDstPortEndMatchCondition 3478 -DSCPAction 34 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-turn-udp-v4-msedge' -AppPathNameMatchCondition 'msedge.exe' -IPProtocolMatchCondition UDP -IPDstPrefixMatchCondition '192.0.2.34/32' -IPDstPortStartMatchCondition 3478 -IPDstPortEndMatchCondition 3478 -DSCPAction 34 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-turn-udp-v4-firefox' -AppPathNameMatchCondition 'firefox.exe' -IPProtocolMatchCondition UDP -IPDstPrefixMatchCondition '192.0.2.34/32' -IPDstPortStartMatchCondition 3478 -IPDstPortEndMatchCondition 3478 -DSCPAction 34 -NetworkProfile All | Out-Null
# conclave turn-udp: users to media1
New-NetQosPolicy -Name 'conclave-turn-udp-v6-chrome' -AppPathNameMatchCondition 'chrome.exe' -IPProtocolMatchCondition UDP -IPDstPrefixMatchCondition '2001:db8:1:2::2/128' -IPDstPortStartMatchCondition 3478 -IPDstPortEndMatchCondition 3478 -DSCPAction 34 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-turn-udp-v6-msedge' -AppPathNameMatchCondition 'msedge.exe' -IPProtocolMatchCondition UDP -IPDstPrefixMatchCondition '2001:db8:1:2::2/128' -IPDstPortStartMatchCondition 3478 -IPDstPortEndMatchCondition 3478 -DSCPAction 34 -NetworkProfile All | Out-Null
New-NetQosPolicy -Name 'conclave-turn-udp-v6-firefox' -AppPathNameMatchCondition 'firefox.exe' -IPProtocolMatchCondition UDP -IPDstPrefixMatchCondition '2001:db8:1:2::2/128' -IPDstPortStartMatchCondition 3478 -IPDstPortEndMatchCondition 3478 -DSCPAction 34 -NetworkProfile All | Out-Null
