package host

import "io/fs"

// CheckImage tells whether an image can be read: images holds a folder of its name with image.yaml.
func CheckImage(images fs.FS, name string) error {
	_, err := loadImage(images, name)
	return err
}

// CheckPackages tells whether packages.yaml can be read, if there is one.
func CheckPackages(fsys fs.FS) error {
	_, err := loadPackages(fsys)
	return err
}
