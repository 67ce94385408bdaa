// Package remote reaches hosts over SSH, through as many hops as it takes.
//
// A chain of [Hop] values names the way: the jumphost, the container behind it, the server behind
// that. [Client.Conn] brings up whatever part of the chain is down and returns the connection to
// its last hop; connections are shared, so asking again is free and two chains with a common start
// have that start in common. A [Conn] runs commands ([Conn.Run]), reads and writes files
// ([Conn.ReadFile], [Conn.WriteFile]), opens TCP connections from the far side
// ([Conn.DialContext], [Conn.Forward]) and hands the terminal to a shell ([Interactive]). [Follow]
// keeps reading a growing file across lost connections.
//
// # Trust
//
// The host key is settled before anything is sent that could identify the person: an unknown key is
// shown to [Asker.HostKey] with its fingerprint, a changed or revoked one ends the attempt with a
// [HostKeyError]. When the fingerprint is known from elsewhere (the server's console log, a
// hand-out), put it in [Hop.Fingerprints] and nobody is asked.
//
// Accepted keys go to the file [Options.KnownHosts] in OpenSSH's format (sshd(8), SSH_KNOWN_HOSTS
// FILE FORMAT). An address is only as unique as the place it is seen from: 127.0.0.1:2201 behind one
// jumphost is not 127.0.0.1:2201 behind another, nor the one on this machine. So a hop reached
// through others is recorded under a name that carries the way:
//
//	[127.0.0.1.via.jump.example]:2201
//	10.0.0.5.via.127.0.0.1-2201.via.jump.example
//
// OpenSSH finds such an entry with the option HostKeyAlias.
//
// # Waiting
//
// Every method takes a context and returns when it ends, even when the peer has gone silent.
// Dialling and the handshake have deadlines of their own ([Options]); the clock stands still while a
// person is being asked. A keepalive notices a dead peer; what was running then ends with [ErrLost].
// Output that trickles in may come a tenth of a second late, several lines together; answers do not,
// nor what a shell shows.
//
// The protocol is RFC 4251 to 4254, with OpenSSH's keepalive@openssh.com and
// direct-streamlocal@openssh.com.
package remote
