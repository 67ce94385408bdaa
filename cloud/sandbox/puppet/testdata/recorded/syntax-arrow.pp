node /^web/ {
  notify { 'a': message = 'b' }
}
