node /^web/ {
  notify { 'x': message => [1, 2] , require => 'foo' }
}
