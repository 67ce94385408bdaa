# A file made of fragments that are declared all over the catalogue.
define concat (
  Enum['present', 'absent'] $ensure = 'present',
  String $path = $title,
  Optional[String] $owner = undef,
  Optional[String] $group = undef,
  String $mode = '0644',
  $backup = 'puppet',
  Enum['alpha', 'numeric'] $order = 'alpha',
  Boolean $ensure_newline = false,
  Boolean $replace = true,
  Boolean $show_diff = true,
  $warn = false,
  Optional[String] $validate_cmd = undef,
) {
  concat_file { $title:
    ensure         => $ensure,
    path           => $path,
    owner          => $owner,
    group          => $group,
    mode           => $mode,
    backup         => $backup,
    order          => $order,
    ensure_newline => $ensure_newline,
    replace        => $replace,
    show_diff      => $show_diff,
    validate_cmd   => $validate_cmd,
  }
  if $warn {
    $text = $warn ? {
      String  => $warn,
      default => "# Managed by Puppet. Changes made here do not last.\n",
    }
    concat_fragment { "${title}_header":
      target  => $title,
      order   => '0',
      content => $text,
    }
  }
}
