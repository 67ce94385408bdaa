node /^web/ {
  pakage { 'git': }
}
