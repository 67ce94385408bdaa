node /^web/ {
  service { 'cron': ensure => maybe }
}
