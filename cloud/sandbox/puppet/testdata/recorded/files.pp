node /^web/ {
  file { '/tmp/d': ensure => directory }
  file { '/tmp/d/a': ensure => file, content => "one\ntwo\nthree\n", mode => '0600' }
  file { '/tmp/d/l': ensure => link, target => '/tmp/d/a' }
  file { '/tmp/no/parent': content => 'x' }
  file { '/tmp/d/e': ensure => present }
}
