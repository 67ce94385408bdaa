node /^web/ {
  python::pipp { 'Flask': }
}
