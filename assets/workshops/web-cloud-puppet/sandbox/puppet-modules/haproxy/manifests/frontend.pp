# A section "frontend": where it listens, and its options.
define haproxy::frontend (
  $ports = undef,
  $ipaddress = undef,
  $bind = undef,
  $bind_options = undef,
  Optional[Enum['tcp', 'http', 'health']] $mode = undef,
  Variant[Hash, Array[Hash]] $options = {
    'option' => ['tcplog'],
  },
  String $section_name = $title,
  String $config_file = '/etc/haproxy/haproxy.cfg',
) {
  if $ports and $bind {
    fail('The use of $ports and $bind is mutually exclusive, please choose either one')
  }
  if $ipaddress and $bind {
    fail('The use of $ipaddress and $bind is mutually exclusive, please choose either one')
  }
  $address = $ipaddress ? { undef => '*', '' => '*', default => $ipaddress }
  $binds = haproxy::binds($address, $ports, $bind, $bind_options)
  $first = $mode ? { undef => '', default => "  mode ${mode}\n" }
  $rest = haproxy::lines($options)
  concat::fragment { "haproxy-${section_name}_frontend_block":
    target  => $config_file,
    order   => "15-${section_name}-00",
    content => "\nfrontend ${section_name}\n${binds}${first}${rest}",
  }
}
