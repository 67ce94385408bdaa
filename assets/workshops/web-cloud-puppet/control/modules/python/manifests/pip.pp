# Une bibliothèque Python, nommée comme sur PyPI : python::pip { 'Flask': }
#
# Elle vient du paquet de la distribution (python3-flask pour Flask) : aucun dépôt de plus à
# atteindre depuis une salle de classe, et pip ne touche pas aux fichiers du système, ce que
# Debian 12 lui interdit de toute façon (PEP 668).
define python::pip (
  Enum['present', 'absent', 'latest'] $ensure = 'present',
  String $pkgname = $title,
) {
  package { "python3-${pkgname.downcase}":
    ensure  => $ensure,
    require => Class['python'],
  }
}
