package serve

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"
)

// checkTimeout is how long a server on the same machine may take to say that it is ready.
const checkTimeout = 5 * time.Second

// Check asks the server that listens at an address, HOST:PORT as [net.Listen] takes it,
// whether it is ready, and returns nil if so. With secure it asks over TLS, and believes
// any certificate: it is for the machine of the server, whose name is not known there. A
// server that wants certificates of clients cannot be asked.
func Check(ctx context.Context, address string, secure bool) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost" // which is one of all
	}
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet,
		scheme+net.JoinHostPort(host, port)+"/v2/health/ready", nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: got %s of %s, want that it is ready", address, resp.Status,
			req.URL.Path)
	}
	return nil
}
