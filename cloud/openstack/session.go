package openstack

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
	"golang.org/x/crypto/scrypt"

	"matou/cloud"
)

// Sessions keeps sessions in files, so that the next program begins without logging in. Nobody
// gets one by accident: who wants it names a folder.
//
// A token is as good as a password while it lasts, so a file holds it encrypted (AES-256-GCM) under
// a key made of the account's own secret (scrypt, RFC 7914, with a salt of its own). Who finds the
// file, in a backup say, has nothing without that secret; who has the secret needs no file. Nothing
// else would do as well everywhere: a key in a second file leaks with the first, and key rings are
// not there in a container or over SSH. The files are of mode 0600 in a folder of mode 0700, and a
// session that is over, or about to be, is deleted when it is met.
type Sessions struct{ Dir string }

// The cost of making the key: about 10 ms and 4 MiB, once for each program. Logging in takes longer
// than that by far, and a guess at the secret costs as much.
const (
	scryptN, scryptR, scryptP = 1 << 12, 8, 1
	saltSize                  = 16
)

// tooLate is how long a session must still hold to be worth beginning with.
const tooLate = time.Minute

// session is what a file holds.
type session struct {
	Token      string          `json:"token"`
	Expires    time.Time       `json:"expires"`
	Result     json.RawMessage `json:"result"` // what Keystone answered: the catalog, who and where
	Micro      string          `json:"micro"`
	Negotiated bool            `json:"negotiated"`
}

// Login goes on with the session that is kept for c, with no request at all, or logs in. A session
// that the cloud no longer knows is renewed with its first request.
func (s Sessions) Login(ctx context.Context, c Credentials, o Options) (*Client, error) {
	kept, err := s.load(c)
	if err != nil {
		return Login(ctx, c, o)
	}
	client, err := resume(c, o, kept)
	if err != nil {
		return Login(ctx, c, o)
	}
	return client, nil
}

// Keep writes the client's session down, unless that has been done. A token that was given to us
// (OS_TOKEN) is not kept: it is where it came from.
func (s Sessions) Keep(c *Client) error {
	secret := c.credentials.secret()
	c.mu.Lock()
	kept := c.kept
	now := session{Token: c.Token(), Micro: c.micro, Negotiated: c.negotiated}
	c.mu.Unlock()
	if secret == "" || kept.Token == now.Token && kept.Negotiated == now.Negotiated && kept.Micro == now.Micro {
		return nil
	}
	result, ok := c.provider.GetAuthResult().(tokens.CreateResult)
	if !ok {
		return nil
	}
	now.Expires = c.Identity().Expires
	var err error
	if now.Result, err = json.Marshal(result.Body); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	if err := s.save(c.credentials, now); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	c.mu.Lock()
	c.kept = now
	c.mu.Unlock()
	return nil
}

// secret is what proves who c is, other than a token.
func (c Credentials) secret() string { return firstOf(c.ApplicationSecret, c.Password) }

// account tells accounts apart, without their secrets. It names the file and is sealed with it.
func (c Credentials) account() string {
	return strings.Join([]string{
		c.AuthURL, c.Username, c.UserID, c.UserDomain, c.UserDomainID, c.Project, c.ProjectID, c.ProjectDomain,
		c.ProjectDomainID, c.ApplicationCredentialID, c.ApplicationCredentialName, fmt.Sprint(c.scope),
	}, "\x00")
}

func (s Sessions) file(c Credentials) string {
	sum := sha256.Sum256([]byte(c.account()))
	return filepath.Join(s.Dir, hex.EncodeToString(sum[:16])+".session")
}

// sealer makes the cipher for c and a salt.
func sealer(c Credentials, salt []byte) (cipher.AEAD, error) {
	key, err := scrypt.Key([]byte(c.secret()), salt, scryptN, scryptR, scryptP, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (s Sessions) save(c Credentials, kept session) error {
	text, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // it never fails: see crypto/rand
	seal, err := sealer(c, salt)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(s.Dir, ".session-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(append(salt, seal.Seal(nil, nil, text, []byte(c.account()))...))
	err = errors.Join(err, temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), s.file(c))
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

var errNoSession = errors.New("no session is kept")

// load finds the session that is kept for c. One that is of no use any more is deleted.
func (s Sessions) load(c Credentials) (session, error) {
	if c.secret() == "" {
		return session{}, errNoSession
	}
	name := s.file(c)
	info, err := os.Lstat(name)
	if err != nil {
		return session{}, err
	}
	if !info.Mode().IsRegular() || info.Size() > 1<<20 {
		return session{}, errNoSession
	}
	data, err := os.ReadFile(name)
	if err != nil || len(data) < saltSize {
		return session{}, errors.Join(errNoSession, err)
	}
	kept, err := unseal(c, data)
	if err == nil && time.Until(kept.Expires) < tooLate {
		err = errNoSession
	}
	if err != nil { // it is over, or the password is another one by now
		if gone := os.Remove(name); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return session{}, err
	}
	return kept, nil
}

func unseal(c Credentials, data []byte) (kept session, err error) {
	seal, err := sealer(c, data[:saltSize])
	if err != nil {
		return kept, err
	}
	text, err := seal.Open(nil, nil, data[saltSize:], []byte(c.account()))
	if err != nil {
		return kept, err
	}
	return kept, json.Unmarshal(text, &kept)
}

// resume makes a client that goes on with a session.
func resume(c Credentials, o Options, kept session) (*Client, error) {
	client, err := newClient(c, o)
	if err != nil {
		return nil, err
	}
	var result tokens.CreateResult
	result.Header = http.Header{"X-Subject-Token": {kept.Token}}
	if err := json.Unmarshal(kept.Result, &result.Body); err != nil || result.Body == nil {
		return nil, errors.Join(errNoSession, err)
	}
	provider := client.provider
	provider.UseTokenLock()
	if err := provider.SetTokenAndAuthResult(result); err != nil {
		return nil, err
	}
	auth := c.authOptions()
	auth.AllowReauth = false // of the one that logs in again: once is enough
	provider.ReauthFunc = func(ctx context.Context) error {
		again, err := openstack.NewClient(c.AuthURL)
		if err != nil {
			return err
		}
		again.HTTPClient, again.UserAgent = provider.HTTPClient, provider.UserAgent
		again.SetThrowaway(true)
		if err := openstack.AuthenticateV3(ctx, again, &auth, gophercloud.EndpointOpts{}); err != nil {
			return err
		}
		provider.CopyTokenFrom(again)
		return nil
	}
	client.micro, client.negotiated, client.kept = kept.Micro, kept.Negotiated, kept
	if err := client.readCatalog(); err != nil {
		return nil, fmt.Errorf("%w: %w", cloud.ErrDecode, err)
	}
	return client, nil
}
