/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two key pairs of a JPKI card; each has a certificate, a CA and a PIN of its own. */
#pragma once

enum purpose {
	PURPOSE_AUTH,	/* 利用者証明用 */
	PURPOSE_SIGN,	/* 署名用 */
	PURPOSE_COUNT,
};
