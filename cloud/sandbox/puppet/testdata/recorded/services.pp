node /^web/ {
  service { 'rsyslog': ensure => stopped }
  service { 'cron': ensure => running, enable => true }
  service { 'nothing': ensure => running }
  user { 'demo': ensure => present, home => '/home/demo', managehome => true, shell => '/bin/bash' }
  group { 'demog': ensure => present }
}
