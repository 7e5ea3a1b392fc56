package serve

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificates are the files of a server's side of TLS, which are read again when they
// change.
type Certificates struct {
	Cert, Key string // PEM files
	// ClientCA is a PEM file of authorities: clients must show a certificate of one of
	// them. "" lets all in.
	ClientCA string
	Log      *slog.Logger // hears of files that cannot be read again; nil for nobody
}

// Config reads the files, and makes of them a configuration that follows them.
func (c Certificates) Config() (*tls.Config, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	f := &follower{files: c}
	if err := f.load(); err != nil {
		return nil, err
	}
	base := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return f.current(),
			nil
	}
	// Never asked, since the other function always answers; servers want one.
	base.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return &f.current().Certificates[0], nil
	}
	return base, nil
}

// follower has the configuration of the files as they are.
type follower struct {
	files Certificates

	mu      sync.Mutex
	checked time.Time
	is      [3]fileState
	config  *tls.Config
	said    string
}

// current is the configuration, made again if a file has changed. Files that cannot be
// read change nothing.
func (f *follower) current() *tls.Config {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.checked) >= howOften {
		if err := f.load(); text(err) != f.said {
			if f.said = text(err); err != nil {
				f.files.Log.Error("the certificates stay as they were", "error", err)
			}
		}
	}
	return f.config
}

// load reads the files if one of them has changed.
func (f *follower) load() error {
	f.checked = time.Now()
	var is [3]fileState
	for i, path := range []string{f.files.Cert, f.files.Key, f.files.ClientCA} {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		is[i] = fileState{info.ModTime(), info.Size()}
	}
	if f.config != nil && is == f.is {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(f.files.Cert, f.files.Key)
	if err != nil {
		return fmt.Errorf("%s and %s: %w", f.files.Cert, f.files.Key, err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		Certificates: []tls.Certificate{pair}}
	if f.files.ClientCA != "" {
		if config.ClientCAs, err = authorities(f.files.ClientCA); err != nil {
			return err
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	f.config, f.is = config, is
	return nil
}

func authorities(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: %w", path, errNoCertificate)
	}
	return pool, nil
}

var errNoCertificate = errors.New("no certificate in it, want PEM")
