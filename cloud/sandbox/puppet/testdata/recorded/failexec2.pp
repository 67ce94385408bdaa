node /^web/ {
  exec { '/bin/false': }
  exec { '/bin/sh -c "echo some words; exit 3"': }
  exec { '/bin/nothing': }
  exec { '/bin/true': require => Exec['/bin/false'] }
}
