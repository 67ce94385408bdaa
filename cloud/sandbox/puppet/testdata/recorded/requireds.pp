define conf($c) { file { "/tmp/${title}": content => $c } }
node /^web/ {
  conf { 'zz': }
}
