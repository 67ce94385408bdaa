class a { exec { '/bin/false': } }
class b { notify { 'in b': } }
node /^web/ {
  include a
  include b
  Class['a'] -> Class['b']
}
