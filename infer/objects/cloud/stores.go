//go:build cloud

package cloud

import (
	"strconv"
	"strings"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // opens azblob://
	_ "gocloud.dev/blob/gcsblob"   // opens gs://
	_ "gocloud.dev/blob/s3blob"    // opens s3://
)

// s3Store is Amazon S3, and what speaks like it.
type s3Store struct{}

func (s3Store) listed(o *blob.ListObject) string {
	var object types.Object
	o.As(&object)
	return bare(aws.ToString(object.ETag))
}

func (s3Store) stated(a *blob.Attributes) string { return bare(a.ETag) }

func (s3Store) opened(r *blob.Reader) string {
	var out s3.GetObjectOutput
	r.As(&out)
	return bare(aws.ToString(out.ETag))
}

func (s3Store) reading(etag string, as func(any) bool) {
	var options *[]func(*s3.Options)
	if as(&options) {
		// Else a line on the standard error for each object without a checksum.
		*options = append(*options, func(o *s3.Options) {
			o.DisableLogOutputChecksumValidationSkipped = true
		})
	}
	var in *s3.GetObjectInput
	if etag != "" && as(&in) {
		in.IfMatch = aws.String(`"` + etag + `"`)
	}
}

// bare is a tag without the quotes that HTTP has around it.
func bare(etag string) string { return strings.Trim(etag, `"`) }

// googleStore is Google Cloud Storage. Its objects have the number of their generation,
// which changes with their bytes and, unlike the tag, with nothing else.
type googleStore struct{}

func generation(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func (googleStore) listed(o *blob.ListObject) string {
	var attrs storage.ObjectAttrs
	o.As(&attrs)
	return generation(attrs.Generation)
}

func (googleStore) stated(a *blob.Attributes) string {
	var attrs storage.ObjectAttrs
	a.As(&attrs)
	return generation(attrs.Generation)
}

func (googleStore) opened(r *blob.Reader) string {
	var in *storage.Reader
	if r.As(&in) {
		return generation(in.Attrs.Generation)
	}
	return ""
}

func (googleStore) reading(etag string, as func(any) bool) {
	var handle **storage.ObjectHandle
	if n, err := strconv.ParseInt(etag, 10, 64); err == nil && as(&handle) {
		*handle = (*handle).If(storage.Conditions{GenerationMatch: n})
	}
}

// azureStore is Azure Blob Storage.
type azureStore struct{}

func (azureStore) listed(o *blob.ListObject) string {
	var item container.BlobItem
	if o.As(&item) && item.Properties != nil {
		return azureTag(item.Properties.ETag)
	}
	return ""
}

func (azureStore) stated(a *blob.Attributes) string { return bare(a.ETag) }

func (azureStore) opened(r *blob.Reader) string {
	var out azblob.DownloadStreamResponse
	r.As(&out)
	return azureTag(out.ETag)
}

func (azureStore) reading(etag string, as func(any) bool) {
	var options *azblob.DownloadStreamOptions
	if etag != "" && as(&options) {
		tag := azcore.ETag(`"` + etag + `"`)
		options.AccessConditions = &azblob.AccessConditions{
			ModifiedAccessConditions: &azblob.ModifiedAccessConditions{IfMatch: &tag}}
	}
}

func azureTag(etag *azcore.ETag) string {
	if etag == nil {
		return ""
	}
	return bare(string(*etag))
}
