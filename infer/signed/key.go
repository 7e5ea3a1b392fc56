package signed

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// The types of the PEM blocks that openssl writes.
const (
	privateBlock = "PRIVATE KEY" // PKCS #8
	publicBlock  = "PUBLIC KEY"  // SubjectPublicKeyInfo
)

// PublicPath is where NewKey writes the public key of the private one at path:
// key.pub.pem for key.pem.
func PublicPath(path string) string { return strings.TrimSuffix(path, ".pem") + ".pub.pem" }

// NewKey makes a pair of keys: the private one at path, which only its owner may read,
// and the public one at [PublicPath]. Files that are there are never written over.
func NewKey(path string) error {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	open, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	if err := writeBlock(PublicPath(path), publicBlock, open, 0o644); err != nil {
		return err
	}
	if err := writeBlock(path, privateBlock, secret, 0o600); err != nil {
		return errors.Join(err, os.Remove(PublicPath(path)))
	}
	return nil
}

// writeBlock writes a file that is not there yet, or leaves none.
func writeBlock(path, kind string, der []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	err = pem.Encode(file, &pem.Block{Type: kind, Bytes: der})
	if err = errors.Join(err, file.Close()); err != nil {
		return atomicfile.OnDisk(errors.Join(err, os.Remove(path)), path)
	}
	return nil
}

// ReadPrivateKey reads an Ed25519 key in PKCS #8, as `openssl genpkey -algorithm ed25519`
// writes it.
func ReadPrivateKey(path string) (ed25519.PrivateKey, error) {
	der, err := readBlock(path, privateBlock)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if k, ok := key.(ed25519.PrivateKey); ok {
		return k, nil
	}
	return nil, fmt.Errorf("%s: got a key of type %T, want Ed25519", path, key)
}

// ReadPublicKey reads an Ed25519 key as SubjectPublicKeyInfo, as `openssl pkey -pubout`
// writes it.
func ReadPublicKey(path string) (ed25519.PublicKey, error) {
	der, err := readBlock(path, publicBlock)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if k, ok := key.(ed25519.PublicKey); ok {
		return k, nil
	}
	return nil, fmt.Errorf("%s: got a key of type %T, want Ed25519", path, key)
}

// readBlock is the content of a PEM file of one kind.
func readBlock(path, kind string) ([]byte, error) {
	text, err := infer.Beside(path)(filepath.Base(path))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		return nil, fmt.Errorf("%s: no PEM file, want a %s of Ed25519", path, kind)
	case block.Type == "ENCRYPTED "+privateBlock:
		return nil, fmt.Errorf("%s: the key is encrypted; openssl pkey -in FILE -out KEY decrypts it",
			path)
	case block.Type != kind:
		return nil, fmt.Errorf("%s: got a %s, want a %s of Ed25519", path, block.Type, kind)
	}
	return block.Bytes, nil
}

// KeyID names a public key: the SHA-256 of its SubjectPublicKeyInfo, in hex.
func KeyID(key ed25519.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", err
	}
	return digest(der), nil
}
