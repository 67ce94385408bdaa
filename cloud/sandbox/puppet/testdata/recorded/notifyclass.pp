class svc { exec { '/bin/echo refreshed': refreshonly => true } }
define conf($c) { file { "/tmp/${title}": content => $c } }
node /^web/ {
  conf { 'zz': c => "1\n" } ~> Class['svc']
  include svc
}
