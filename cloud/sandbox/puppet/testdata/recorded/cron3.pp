node /^web/ {
  cron { 'x': ensure => absent, user => root }
}
