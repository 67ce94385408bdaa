node /^web/ {
  notify { 'a': }
  fail('not today')
}
