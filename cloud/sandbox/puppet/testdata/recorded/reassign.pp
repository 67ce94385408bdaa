node /^web/ {
  $a = 1
  $a = 2
}
