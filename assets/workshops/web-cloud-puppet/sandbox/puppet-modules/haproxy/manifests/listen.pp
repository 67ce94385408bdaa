# A section "listen": where it listens, and its options.
define haproxy::listen (
  $ports = undef,
  $ipaddress = undef,
  $bind = undef,
  $bind_options = undef,
  Optional[Enum['tcp', 'http', 'health']] $mode = undef,
  Variant[Hash, Array[Hash]] $options = {
    'option'  => ['tcplog'],
    'balance' => 'roundrobin',
  },
  Boolean $collect_exported = true,
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
  concat::fragment { "haproxy-${section_name}_listen_block":
    target  => $config_file,
    order   => "20-${section_name}-00",
    content => "\nlisten ${section_name}\n${binds}${first}${rest}",
  }
  if $collect_exported {
    # the servers that other machines declare for this section
    Haproxy::Balancermember <<| listening_service == $section_name |>>
  }
}
