node /^web/ {
  file { '/tmp/d': ensure => directory, mode => '0700' }
  file { '/tmp/d/a': ensure => file, content => "one\n2\nthree\nfour", mode => '0644', owner => 'www-data' }
  file { '/tmp/d/l': ensure => absent }
  file { '/tmp/d/e': ensure => absent }
}
