package sweep

import (
	"context"
	"fmt"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
)

// bases are the networks that trials start from, each opened once.
type bases struct {
	opened map[string]*run.Base
	hand   *string // the network at hand, once it was looked for
}

func (b *bases) atHand(o *Options) (string, error) {
	if b.hand == nil {
		from, err := o.AtHand()
		if err != nil {
			return "", err
		}
		b.hand = &from
	}
	return *b.hand, nil
}

// base is the network that the settings start from; nil for none.
func (b *bases) base(ctx context.Context, o *Options, s *run.Settings, given func(string) bool) (
	*run.Base, error) {
	if !s.FromBase() || o.Base == nil {
		return nil, nil
	}
	// All that says how the network is opened.
	key := fmt.Sprint(s.From, s.Freeze, given("freeze"), s.Extractor, s.Cut, given("cut"),
		given("hidden"), given("views"), s.Size, s.Mean, s.Std)
	if known := b.opened[key]; known != nil {
		return known, nil
	}
	of := *s
	base, err := o.Base(ctx, &of, given)
	if err != nil {
		return nil, err
	}
	if b.opened == nil {
		b.opened = map[string]*run.Base{}
	}
	b.opened[key] = base
	return base, nil
}

// complete are the settings with what the network says that they start from.
func (b *bases) complete(ctx context.Context, o *Options, s run.Settings, given func(string) bool) (
	run.Settings, error) {
	base, err := b.base(ctx, o, &s, given)
	if base == nil || err != nil {
		return s, err
	}
	if base.Extractor != nil {
		s = s.Frozen(func(field string) bool { return s.Extractor != "" || given(field) })
	}
	s.Size = base.Size
	return s, nil
}

// none of the settings were given by somebody: they are those of a plan, complete.
func none(string) bool { return false }

// images are those that were read last, for the trials that follow. Close them.
type images struct {
	key   imagesKey
	cache *data.Cache
}

// imagesKey is what images are read by.
type imagesKey struct {
	source
	resize      string
	size, drawn int
	seed        uint64 // of drawn flowers
}

// read reads the images of settings, unless they are those of the last ones.
func (im *images) read(ctx context.Context, s *run.Settings, o *Options) (*data.Cache, error) {
	key := imagesKey{sourceOf(s), s.Resize, s.Size, s.Drawn, 0}
	if s.Data == "" {
		key.seed = s.Seed
	}
	if im.cache != nil && im.key == key {
		return im.cache, nil
	}
	// Before there is memory for others, and room on disk.
	if err := im.close(); err != nil {
		return nil, err
	}
	cache, err := run.Read(ctx, *s, run.Options{Pixels: o.Pixels, Disk: o.Disk, Observer: o.Observer})
	if err != nil {
		return nil, err
	}
	im.key, im.cache = key, cache
	return cache, nil
}

// close gives the images up.
func (im *images) close() error {
	cache := im.cache
	im.cache = nil
	return cache.Close()
}
