package puppet

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// certificate makes the node's key and request at its first run and has it signed; false when the
// server cannot be reached for that. The error is ctx's.
//
// The key is an elliptic one, whatever the line says: making an RSA key of 4096 bits as puppet
// does would take seconds on a small machine, and nothing is ever encrypted with it.
func (r *agentRun) certificate(ctx context.Context, down error) (bool, error) {
	name := r.node.FQDN()
	ssl := path.Join(r.sim.data.Confdir, "ssl")
	if _, err := r.node.Stat(path.Join(ssl, "certs", name+".pem")); err == nil {
		return true, nil
	}
	if down != nil {
		if err := r.wait(ctx, r.sim.data.Times.Refused); err != nil {
			return false, err
		}
		r.route("puppet-ca/v1", down)
		r.log.say(errorLine, "", "No more routes to ca")
		r.log.say(errorLine, "", "No more routes to ca")
		return false, nil
	}
	key, request, err := newRequest(name)
	if err != nil {
		r.log.say(errorLine, "", plainError(err))
		return false, nil
	}
	r.log.say(infoLine, "", "Creating a new RSA SSL key for "+name)
	if err := r.wait(ctx, r.sim.data.Times.Certificate); err != nil {
		return false, err
	}
	r.log.say(infoLine, "", "csr_attributes file loading from "+path.Join(r.sim.data.Confdir, "csr_attributes.yaml"))
	r.log.say(infoLine, "", "Creating a new SSL certificate request for "+name)
	r.log.say(infoLine, "", "Certificate Request fingerprint (SHA256): "+fingerprint(request))
	if err := r.wait(ctx, r.sim.data.Times.Certificate); err != nil {
		return false, err
	}
	if err := writeCertificate(r.node, ssl, name, key, request); err != nil {
		r.log.say(errorLine, "", "Could not write certificate: "+plainError(err))
		return false, nil
	}
	r.log.say(infoLine, "", "Downloaded certificate for "+name+" from https://"+r.options.server+":8140/puppet-ca/v1")
	return true, nil
}

// A Writer takes the files of a machine.
type Writer interface {
	WriteFile(path string, data []byte, mode fs.FileMode) error
}

// Certify gives a machine a key and a certificate of its name, in the files below dir where an agent
// looks for them: a master has them from its own authority, and asks nobody.
func Certify(to Writer, dir, name string) error {
	key, request, err := newRequest(name)
	if err != nil {
		return err
	}
	return writeCertificate(to, dir, name, key, request)
}

func writeCertificate(to Writer, dir, name string, key, request []byte) error {
	return errors.Join(
		to.WriteFile(path.Join(dir, "private_keys", name+".pem"), key, 0o600),
		to.WriteFile(path.Join(dir, "certs", name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request}), 0o644),
	)
}

// newRequest makes a key, as PEM, and a certificate request for a name, as DER.
func newRequest(name string) (key, request []byte, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	request, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, k)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate request: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), request, nil
}

func fingerprint(der []byte) string {
	digest := sha256.Sum256(der)
	parts := make([]string, len(digest))
	for i, b := range digest {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}
