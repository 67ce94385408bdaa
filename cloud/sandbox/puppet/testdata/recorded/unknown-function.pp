node /^web/ {
  $x = foo('a')
}
