# Servers of a section: each of the addresses with each of the ports.
define haproxy::balancermember (
  String $listening_service,
  $ports = undef,
  $server_names = $facts['networking']['hostname'],
  $ipaddresses = $facts['networking']['ip'],
  $options = '',
  Boolean $define_cookies = false,
  Enum['present', 'absent'] $ensure = 'present',
  String $config_file = '/etc/haproxy/haproxy.cfg',
) {
  $names = [$server_names].flatten
  $words = $options ? {
    Array   => join($options.sort, ' '),
    default => $options,
  }
  $lines = [$ipaddresses].flatten.map |$index, $address| {
    $server = $names[$index]
    $cookie = $define_cookies ? { true => " cookie ${server}", default => '' }
    if $ports {
      [$ports].flatten.map |$port| { "  server ${server} ${address}:${port}${cookie} ${words}\n" }
    } else {
      "  server ${server} ${address}${cookie} ${words}\n"
    }
  }
  if $ensure == 'present' {
    concat::fragment { "haproxy-${listening_service}_balancermember_${title}":
      target  => $config_file,
      order   => "20-${listening_service}-01-${title}",
      content => join($lines, ''),
    }
  }
}
