node /^web/ {
  exec { '/bin/false': }
  exec { 'foo': }
  exec { '/bin/sh -c "echo some words; exit 3"': }
  exec { '/bin/nothing': }
}
