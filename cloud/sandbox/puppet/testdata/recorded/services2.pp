node /^web/ {
  service { 'rsyslog': ensure => running, enable => false }
  user { 'demo': ensure => absent }
  group { 'demog': ensure => absent }
  cron { 'x': command => '/bin/true', user => root, minute => '*/5', hour => [1,2] }
  package { 'git': ensure => absent }
  package { 'cron': ensure => latest }
}
