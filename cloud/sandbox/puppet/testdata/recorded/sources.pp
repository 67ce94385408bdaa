node /^web/ {
  file { '/tmp/db.ini': source => 'puppet:///modules/puppetdb/database.ini' }
  file { '/tmp/db2.ini': source => 'puppet:///modules/puppetdb/nothing.ini' }
}
