# A seat's container: the deck sources openrc and calls nova there.
say 20 "container: the nova client"
apt update
apt install python3-novaclient openssh-client
