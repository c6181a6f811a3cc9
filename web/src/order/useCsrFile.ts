import { useCallback, useState } from 'react';
import { type CsrLook, csrLook } from './csr-file';

export interface CsrFile {
	file: File | undefined;
	look: CsrLook | undefined;
	choose: (file: File) => void;
	clear: () => void;
}

export function useCsrFile(): CsrFile {
	const [file, setFile] = useState<File>();
	const [look, setLook] = useState<CsrLook>();
	const choose = useCallback((chosen: File) => {
		setFile(chosen);
		setLook(undefined);
		csrLook(chosen).then(setLook, () => setLook(undefined));
	}, []);
	const clear = useCallback(() => {
		setFile(undefined);
		setLook(undefined);
	}, []);
	return { file, look, choose, clear };
}
