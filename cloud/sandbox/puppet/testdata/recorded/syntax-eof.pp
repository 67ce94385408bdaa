node /^web/ {
  notify { 'a': }
