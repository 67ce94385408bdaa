# The lines of a section: one for each option, one for each value of an option with several. A hash
# is written in the order of its keys, a list of hashes in its own.
function haproxy::lines($options, String $between = ' ') >> String {
  $groups = $options ? {
    Hash    => $options.keys.sort.map |$key| { { $key => $options[$key] } },
    default => $options,
  }
  $lines = $groups.map |$group| {
    $group.keys.map |$key| {
      $values = $group[$key] ? {
        Array   => $group[$key],
        default => [$group[$key]],
      }
      $values.map |$value| { "  ${key}${between}${value}\n" }
    }
  }
  join($lines, '')
}
