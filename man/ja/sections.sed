# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes a manual page of this folder what is installed. Its sections have their English names, which mandoc checks;
# people read Japanese ones. groff is told of those that mean something to it, and not to change their case.
/^\.Os$/a\
.de doc-prepare-section-heading\
.  ds doc-sec-head "\\\\$*\
..\
.ds doc-section-name 名前\
.ds doc-section-synopsis 書式\
.ds doc-section-see-also 関連項目\
.ds doc-section-files ファイル
s/^\.Sh NAME$/.Sh 名前/
s/^\.Sh SYNOPSIS$/.Sh 書式/
s/^\.Sh DESCRIPTION$/.Sh 説明/
s/^\.Sh METHODS OF \(.*\)$/.Sh \1 のメソッド/
s/^\.Sh ERROR NAMES$/.Sh エラー名/
s/^\.Sh SIGNALS$/.Sh シグナル/
s/^\.Sh JOURNAL$/.Sh ジャーナル/
s/^\.S\([hx]\) JSON$/.S\1 JSON 出力/
s/^\.Sh ENVIRONMENT$/.Sh 環境変数/
s/^\.Sh FILES$/.Sh ファイル/
s/^\.Sh EXIT STATUS$/.Sh 終了ステータス/
s/^\.Sh EXAMPLES$/.Sh 例/
s/^\.Sh SEE ALSO$/.Sh 関連項目/
