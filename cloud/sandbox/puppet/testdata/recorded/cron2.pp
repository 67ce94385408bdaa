node /^web/ {
  cron { 'x': command => '/bin/true2', user => root, minute => '*/5' }
  service { 'rsyslog': enable => true }
}
