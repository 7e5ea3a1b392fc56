//go:build cloud

// Package cloud opens the buckets of object stores by gocloud.dev/blob: Amazon S3 and what
// speaks like it, Google Cloud Storage, Azure Blob Storage. It is in builds with the tag
// cloud only, because the stores' own libraries make a program half as large again.
//
// Credentials are looked for as each store's own library does. So are failed requests
// repeated; nothing here does. Start at [Open].
package cloud

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/url"
	"strings"

	"gocloud.dev/blob"

	"github.com/flowerctl/flowerctl/infer/objects"
)

// Open opens a bucket, such as s3://photos?region=eu-west-1, gs://photos or
// azblob://photos. Nothing is asked of it yet. The parameters are those of gocloud.dev.
func Open(ctx context.Context, address string) (objects.Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	store, ok := stores[u.Scheme]
	if !ok {
		return nil, errors.New("no store of that kind: want s3, gs or azblob")
	}
	b, err := blob.OpenBucket(ctx, address)
	if err != nil {
		return nil, reworded(err)
	}
	return &bucket{b, store}, nil
}

// stores are the kinds of stores, by scheme.
var stores = map[string]store{"s3": s3Store{}, "gs": googleStore{}, "azblob": azureStore{}}

// store is what gocloud.dev leaves to each store: the tag of an object, which tells it
// from what it was and will be. "" means that there is none.
type store interface {
	listed(o *blob.ListObject) (etag string)
	stated(a *blob.Attributes) (etag string)
	opened(r *blob.Reader) (etag string)
	// reading prepares a request for the bytes of an object, which fails where that has another
	// tag; "" means any.
	reading(etag string, as func(any) bool)
}

type bucket struct {
	*blob.Bucket
	store store
}

// List is that of [objects.Bucket].
func (b *bucket) List(ctx context.Context, prefix string) iter.Seq2[objects.Info, error] {
	return func(yield func(objects.Info, error) bool) {
		for o, err := range b.list(ctx, blob.ListOptions{Prefix: prefix}) {
			if err != nil {
				yield(objects.Info{}, err)
				return
			}
			if !yield(objects.Info{Key: o.Key, Size: o.Size, ETag: b.store.listed(o)}, nil) {
				return
			}
		}
	}
}

// Folders is that of [objects.Bucket].
func (b *bucket) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for o, err := range b.list(ctx, blob.ListOptions{Prefix: prefix, Delimiter: "/"}) {
			if err != nil {
				yield("", err)
				return
			}
			name := strings.TrimSuffix(strings.TrimPrefix(o.Key, prefix), "/")
			if o.IsDir && !yield(name, nil) {
				return
			}
		}
	}
}

func (b *bucket) list(ctx context.Context, how blob.ListOptions) (
	objects iter.Seq2[*blob.ListObject, error]) {
	return func(yield func(*blob.ListObject, error) bool) {
		for all := b.Bucket.List(&how); ; {
			o, err := all.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(o, reworded(err)) || err != nil {
				return
			}
		}
	}
}

// Stat is that of [objects.Bucket].
func (b *bucket) Stat(ctx context.Context, key string) (objects.Info, error) {
	a, err := b.Attributes(ctx, key)
	if err != nil {
		return objects.Info{}, reworded(err)
	}
	return objects.Info{Key: key, Size: a.Size, ETag: b.store.stated(a)}, nil
}

// Read is that of [objects.Bucket].
func (b *bucket) Read(ctx context.Context, key string, offset, length int64, etag string) (
	io.ReadCloser, objects.Info, error) {
	how := &blob.ReaderOptions{BeforeRead: func(as func(any) bool) error {
		b.store.reading(etag, as)
		return nil
	}}
	r, err := b.NewRangeReader(ctx, key, offset, length, how)
	if err != nil {
		return nil, objects.Info{}, reworded(err)
	}
	return r, objects.Info{Key: key, Size: r.Size(), ETag: b.store.opened(r)}, nil
}
