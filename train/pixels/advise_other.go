//go:build !linux

package pixels

// WillNeed does nothing here.
func (r Ref) WillNeed() {}
