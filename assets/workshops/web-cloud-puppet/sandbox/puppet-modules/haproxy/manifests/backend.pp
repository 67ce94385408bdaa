# A section "backend": servers that a frontend sends to.
define haproxy::backend (
  Optional[Enum['tcp', 'http', 'health']] $mode = undef,
  Variant[Hash, Array[Hash]] $options = {
    'option'  => ['tcplog'],
    'balance' => 'roundrobin',
  },
  Boolean $collect_exported = true,
  String $section_name = $title,
  String $config_file = '/etc/haproxy/haproxy.cfg',
) {
  $first = $mode ? { undef => '', default => "  mode ${mode}\n" }
  $rest = haproxy::lines($options)
  concat::fragment { "haproxy-${section_name}_backend_block":
    target  => $config_file,
    order   => "20-${section_name}-00",
    content => "\nbackend ${section_name}\n${first}${rest}",
  }
  if $collect_exported {
    Haproxy::Balancermember <<| listening_service == $section_name |>>
  }
}
