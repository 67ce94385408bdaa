node /^web/ {
  exec { '/bin/echo one': logoutput => true }
  file { '/tmp/exec-a': content => "x\n", notify => Exec['/bin/echo two'] }
  exec { '/bin/echo two': refreshonly => true }
  exec { 'echo three': path => ['/bin', '/usr/bin'], unless => 'test -e /tmp/exec-a' }
  exec { 'touch /tmp/exec-c': path => '/bin:/usr/bin', creates => '/tmp/exec-c' }
}
