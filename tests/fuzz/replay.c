/* Runs a harness over the files of its corpus, named on the command line as folders: no fuzzing, a test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
one(const char *dir, const char *file)
{
	static uint8_t buf[1 << 20];
	char path[1024];
	size_t n;
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path) ||
	    (f = fopen(path, "rb")) == NULL)
		return 0;
	n = fread(buf, 1, sizeof(buf), f);
	(void)fclose(f);
	(void)LLVMFuzzerTestOneInput(buf, n);
	return 1;
}

int
main(int argc, char **argv)
{
	int files = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		struct dirent *entry;

		if (d == NULL) {
			(void)fprintf(stderr, "%s cannot be read\n", argv[i]);
			return 1;
		}
		while ((entry = readdir(d)) != NULL)
			if (entry->d_name[0] != '.')
				files += one(argv[i], entry->d_name);
		(void)closedir(d);
	}
	(void)printf("%d files\n", files);
	return files == 0;		/* an empty corpus tests nothing */
}
