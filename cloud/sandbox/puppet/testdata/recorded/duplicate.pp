node /^web/ {
  notify { 'a': }
  notify { 'a': }
}
