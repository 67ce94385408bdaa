# The bind lines of a section: each address with each port, or the keys of a hash with their options.
function haproxy::binds($ipaddress, $ports, $bind, $bind_options) >> String {
  if $bind {
    $lines = $bind.keys.sort.map |$address| {
      $options = join([$bind[$address]], ' ')
      "  bind ${address} ${options}\n"
    }
  } else {
    $options = join([$bind_options], ' ')
    $lines = [$ipaddress].flatten.map |$address| {
      [$ports].flatten.map |$port| { "  bind ${address}:${port} ${options}\n" }
    }
  }
  join($lines, '')
}
