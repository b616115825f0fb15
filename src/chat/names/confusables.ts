// 由 scripts/confusables.mjs 生成, 不要手改: Unicode 18.0.0 的形近字 (TS 39, confusables.txt, Unicode License v3)
// 写成码点 (36 进制): 里面有从右到左的字与各种引号, 照字面写编辑器会显示乱。样子在冒号之前, 看起来像它的在后面
export const CONFUSABLES = `
13+13: y je ku l2 16a 16c 5oz 6cc 6cd 6cf 9hf 4w+1b+6f4: 11 19m 6du 27: 1c pr ta 11x 1j4 274 2jq 3ps 5of 8ta
8yc 9hj wkz 1f2q 1f3f 1f67 1fd0 1fia 1fkm 1gyf 1jg5 1jhc 1kgw 1zop 2n28 2ne8 30: 1d 21 3g ba cg pl sm xs y7
14w 15h 15r 17r 19d 1dd 1je 1us 37u 4ht 4i8 6nz 6qr 73x 7b6 7b7 8sy 8y2 8y7 wky wof x35 x4e x6m x80 xce xnh
1f2i 1f61 1f6o 1fke 1gdi 1gzi 1h2d 1h4q 1hs7 1hvk 1hz5 1i2t 1ihg 1ikr 1iv9 1iyp 1k5d 1kgq 1kgx 206b 20fe 20iw
2juo 2kc7 2n29 2ojr 2pdt 13: 2o jd jf jg jh ji js ju jv l0 122 123 125 15l 16b 1kk 1kl 40a 4i4 6c8 6c9 6cb 6cy
6d1 8vz x3f x3g 20k1 20k2 2onf 36+32: 31 128 1j40 1jhf 2x: 4h 8h h5 h6 qh uu 136 3vp 703 8sz wuf xv9 1jgj
2r+mw: 4i fw 2h+mt: 4l ge xc 6fj: 4m 1t+1x: 5i yc 1w+mt: 5s 7k ax 3c: 5z ud 475 48t 4fi 4mb 5ik 84r 84s 8bz
1h36 27+mw: 60 6px 6ww 8xt 2p+2t: 6e yd 6pu+mt: 6o 2ojx 33+mw: 6w xtq 34: 72 cf qp s8 u8 704 8tf 8un 2s+mt: 7l
20+mt: 86 2w+mt: 87 uz 2mo6 24+mw: 8x 30+mw: 8y 4hx 32+mh: 97 bi qf 12q 27+1x: 9e 33+2t: 9f 2c+mt: 9y 38+mt:
9z 2q+mt: ao v6 v7 wc wd 13+1u: ap 2q+lg: aq ar sx 2q: as to 1jp 3wv 41e 4a7 1f6k 20fq 2k1z 1v+13: av 13+1w:
ay 2s+lg: az b0 2v: b1 gx 135 5tv 1y+me: b5 2u: b6 hw 138 61p x3t xth 1ev2 1z+13: b7 30+mt: bb be 1zok 2mpa
23+13: bc 2z+lw: bd qj+mw: bf 26+me: bh 27+mt: bj pk qg vm yw 3sw 3we 3xn 6ty 6u5 6zw 8sw 8xd x1m 1fku 1zff
20e8 2k2i 2rdg 13+28: bo 34+lw: bp 2a: bq gc 3vl 3wy 493 wkj 1fhw 20j9 2k2e 1e: br rs 3bb 43j 4d2 5o7 wuc wz3
x22 38+me: bv 3wf 13+2c: bw 38+lw: bx 2c+mg: by wwc 13+2h: c3 3d+lw: c4 2i+mt: c5 3e+mt: c6 1f: c7 f0 t3 yo
11h 1ux 25l 4jm 5n9 8t8 8uc 8uk x2i x4b 1jgq 20jf 2k1y 1e+mt: cb 1h: cc 1jgb 37: cd ut 2lb x0x xwq 1few 1jgh
30+30: ch 168 1ut 37v 6c6 6qt xcf 1hs8 1hvl 1hz6 1i2u 1ihh 1iks 1iyq 1k5e 2k4i x: cj 8y9 1z+mt: dg 2v+mt: dh
2mo5 1k: f6 f7 1yi 222 26b wp5 1f6i 1ikl 1zi6 2ojv 2i+me: f8 3e+me: f9 2y: fr s3 uw 12t hk: ft qu uc 8tn 8v4
8v5 2c+mw: fy 1r: g1 ic 1vh 3vy wyz 2d+mt: g4 3ws 1x+mw: g6 2t+mw: g7 22+mt: g8 2y+mt: g9 gv 36+mt: gd wj
3d+mt: gf xd 2mol 2p: gh q9 ts 70a xus 2moq 2q+lw: gj 2s+mg: gm 2s+lw: gn d9: gp yh d9+ke: gq x3n: gr qd us
101 6wk 8sp xwb 1fe1 1jgu 2mp9 2v+lw: gw 3d: gz i7 qb ub xb 3c7 5u4 64f 8tl xui 1jgk 1jh8 2w+lw: h2 3xu wwl
2x+mt: h4 5tn 5to 30+ms: h7 30+mg: h9 30+f1: ha 3b: hb ug v5 10d 129 5r5 89u 8u5 x6i xvn xwk 1j4a 1j4e 1j4f
2mpp 36+32+me: hd 32+me: he 32+mg: hf 33+mt: hh vn yx 8sx x1n xvy xx7 33+5qf: hi 2mpc: hl 36+mh: ho 36+mg: hp
37+mg: hu 39: i3 qt 131 5r0 x3z xu6 xua 1fjq 1jh4 3e+mg: i8 f1: ia yp 3cj 8ud 8ul x2j x5a: id x5b 35+lw: io
2s+3e: ir 2s+f1: is 2s+i9: it 38+37: iu 38+hv: iv 38+gl: iw 2u+32+mh: ix 30+37: iy 30+3e: iz 121: jj k3 1o: jm
3zs 4he 6d5 7se 8yu 1f71 1zos 2k3a 1q: jn 3zn 6d6 7sf 20jj 2k3b 2m: jo jq 4wk 1m: k0 l4 13d 14z 1dv 1dw 1m9
1s3 22r 3tt 3v7 4j0 4qr 4qx 6e2 6ra wl9 x3d 1eu3 1gqd 1hqa 1htu 1i0y 1i62 1iv2 1j1o 1jco 1kgp 2juw 53: k1 1m8
22e 3zb 4iz 6ci 6cn 6qh 6v9 94h 9ob x3j 1erl 1gdb 1i0k 1i2v 1iv8 1j21 1lya 19: k7 1ck 4lp 5ir 6c0 6c2 6c3 6df
6qa 7ti 8u2 8u3 xod 1evl 4fz: kt kq: l7 x06 lg: lh 195 1kb 4lu 5b6 5oy wz5 xoc 1gl4 2n1w 2ona nk: ll nr 1ii
1rs 1rz ld+ld: ln 18r 1if 1rk li: lo oe 194 196 1tx 5pw wvw 1jza 2n1u 2onc 2tk: lp 19s 2x4 4p7 li+lj: ls 1d4
1s1 1vl 22p 269 2dc 2gx 2kh 1ibl 1inz le: lt 197 1ke 38z 5ow wz4 lv: lx 17d 18v 1rn 18w: lz 17e 1ig 2jvr 5bd:
m2 mp: m8 1ne 1ua me: m9 mf mx mg: ma n9 59z 1jz6: mm 1ue 20x 5p4 2jvs mt: mu mw: mv lf: n6 18z 1ln mr: nb
1hiy: nc lj: ns 14p 14q 14x 14y 150 1d8 1fk 1fl 1kd 1re 1s2 1z6 22q 28j 2bx 3tq 1hl4 1hq9 1htt 1hxd 1i0x 1ian
1iv1 1iyl 1j1n 1jcn 2ne4 2mxb: o5 lm: o6 14f 18y 1cv 1io 1m4 29u 2dg 2kg 2tp 2x9 326 37a 4p2 4pf 584 5fk 5q0
92i 9ik 9lm x6z 1hhq 1ibk 1ikk 1io0 1jqw 1jti 1k59 1k8l 1ket 1khc 2n1v 8s5: og 3vs 3w0 wxd jz: ol t4: om wwx
1fdx 1fkd 2k23 5qm: on u0 1ff1 gk: or 5qo 6mc 1fez x1b: ot 22: ov so 3vv 425 wk9 x4i 1t: pd sw 3vu 4at wku
1f34 20jk 2mp6 1u: pe sy 3xw 4c7 8si wk0 wnr x4k 1f2a 1f35 1f5t 1x: ph t1 3vw 6wv 8xl wkw wqz 1f2e 1jfq 1jfy
2mpt 2i: pi 3bh 3wj 8rv 8ss wkc wy1 1f5h 1fk7 1jft 1jhh 1juk 20: pj t9 3wb 48s 8su wkn 1f4f 23: pm t6 3xi 4id
8t0 wk7 1fko g5: pn t7 19k 1dk 3zl 8xj wkl wy6 x5m 1f2l 1fhs 1fkg 20jh 25: po sa t8 3w7 4c0 4ie 8t4 wkf 1f3k
1f69 1gyp 26: pp 8t6 wkg 1fkj 1jum 28: pt tc 3xe 419 8te 8um wk1 1f2t bt: pv 6q9 8y1 2c: pw te 1k0 3vm 6uc 7vd
8ti 9oy fet wk4 wln 1f2v 1f3l 1f6d 1jgc 20i2 2kc3 2rfs 2h: px tf xa 1jg 3vt 3wd 8tk 9p6 ffv wks 1f3m 1gyo 1jfo
20jn 2g: pz th 4fh 4hj 5px 7eb 8to 8yl wkr x4j 1f2o 1f3o 1f6f 1f6q 1fl3 1gyb 1h1e 1h4s 1jho 67: qa 3xs 61q x4l
x5i x5j 2kyu 2mqd 61r: qc 12m 48n 8v1 94p wr3 8o: qi u2 5qj 8t1 xx2 3a: ql vp 15k 5r4 6qw 6v5 xwp 1j46 1jgg
33: qn qr rx u6 139 15t 18n 19h 1by 1c1 1cl 1dh 1jf 1mo 1uu 1ye 21y 25i 292 2cm 2de 2g6 2gy 2ki 2lc 2na 2o2
2ts 2xc 36l 37k 3cv 3d7 3i4 4ps 56t 58g 58w 5ii 5mq 5qn 5qp 8tb xtp 1fe4 1fje 1gdo 1h53 1hyc 1ibm 1iog 1jgo
1jh3 5qz: qs ua 8tj wwd xv6 qq: rf 8sr 1y: rg 1jn 4ac wkd x3s 1f2f 1f39 1fl1 1jfm 1jgi 2k2b tj: ro uf: rp 23u
25n 4z9 bs: rt 5r8 wud 1i: rw tt 3xq 8uq 8ur 8v0 wn7 xxa 1jh1 66: s7 4h2 1fic 1zh2 au: sd 6mb wkb 1fdv x1a: sf
x3m: sk 6gc 8so 2mp8 2b: sl 11r 3b1 3ct 3x1 3x6 5od wki wom 1f2u 1fds 1zo6 20je pf: sz 3w1 42t 8sk x5u 1fkf
20hz ps: tb 6q7 8tc wyj 1fkn 20fa 1v: td 3xb 8tg wka 1f36 1f5u 1fdh 1fkr 1jhl 1jhu 2rf0 py: tg 11v 3ls 4j4 8tm
1f3n 2q+30: tn 30+27: tq ih: tu 3y4 8sj 36: tv 5ra 8sl xtz xu0 xvl 1zix 2t: tx xp 6jy xte gs: tz 5qg i5: u4
5ql 8t5 xvr ik: u5 8sv xvv qo: u7 5rc 8td 20g1 2r: u9 35w 38a 5mr 5qc 8th xwv 1fel 2jw4 jt+2q: ui at+2x: uj
at: uk xwf 20gh 5qx: un 39+mh: v3 q0: vk 4ig 8tq 1f3p 1fip qw: vl 6zq 8tr 1fjt 2e: vo 19j 1dj 3x5 3zj 8xk wkm
wyn 1fkt 1gyn 1jfk 20i0 2jgc 2k25 2n2d 27+3d: vs 33+3d: vt v4+w6+w7: vw 3b+w6+w7: vx t4+me+li: wa 5qm+me+li:
wb pf+13: wg 36+13: wh pf+mt: wi t2+mh: wm ty+mh: wn 1f+me: wo gs+me: wp 23+mh: wq 8rt 8o+mh: wr 23+mt: wu 6gd
x1c 2mo8 8o+mt: wv 20+mh: wy 8rr ik+mh: wz 1v+me: x6 2r+me: x7 2c+mh: x8 5qz+mh: x9 2g+mh: xe 2w: xm xn 12o
3ax 3wi xo+mg: xq 2t+mg: xr g5+me: xx u3+me: xy 20+me: xz y1 ik+me: y0 y2 xi: y3 xj: y4 25+me: y5 i5+me: y6
b3: yg 2s: zl 3xj 41b wk2 1evf dy: zu 1z: zw 3wg 3xv wk6 gy: zx 3y3 xw0 b4: 100 3wr wsz x0q 1fcx 20j1 2k2p 29:
10a 8yd 35: 10b 12b 12e 2f: 10c 3w3 3x0 wkq 1jhi 1jhr 2k24 3ou: 117 3k6: 11g 3s3: 11m 3mp: 11o 2d: 11p 3k0 40c
6qy 6v7 wl0 1fim 1jg8 20jm 32: 12w 130 hc: 12y 3kz 10: 13a ld: 13w 13x 17c 18u 1fr 1ie 1uc 13u: 144 13t: 148
13q: 14d 13s: 14e 154: 14g mb: 14k 151 198 1fg 1fm 1ki 1nf 1rh 1to 1x8 20s 24c 27w 2t6 2wq 5kn 5p9 1gl6 1hl2
1hve 1i0j 1i2y 1iax 1id7 1ikm 1io3 1iv4 1j1z 1jcq 155: 14s 30+13: 169 4w+1b+6f4+6f4: 16x 6cw
4w+1b+6f4+6f4+6f4: 16y 6cx 18: 171 19n 6ca 93m wl5 20k3 189: 173 1nc 33+lk: 17t 1c3 18p+1cr: 17v 18f 1a6 1bx
1ch 1g2 183+1cr: 184 18p+le: 18d 2n: 18g 1kq 1sch 18p: 18q 19q 1bu 1cc 1ci 1q5 1h5z: 18x mh: 192 5p8 lu: 193
lw: 199 191: 19b 1a: 19c 1dc 1dt 1du wl4 wsu xyk 1gls 2jxp 2pbi 170: 19o 94i 16: 19p 6dq 6qf 1f6n 1b5: 19r 1q3
1q4 30+19w: 19u 30+191: 19v 18p+179: 1a1 1bv 17u: 1a2 17x+190: 1a9 1gy 17x+1cr: 1ad 17z+179: 1ag 1ai+179: 1aj
17z+1cr: 1am 1an 181+179: 1ap 181+li: 1aq 181+1cr: 1aw 185+1cr: 1b2 187+1cr: 1b3 1b5+1cr: 1b8 1bc 1h5o 18h:
1bb 1h55 18j: 1bd 1be 1n3 1h54 18j+1cr: 1bh 1gj 1bj+1cr: 1bo 18k+li: 1bp 18k+1cr: 1br 1c5: 1c4 18o+li: 1c6
18o+lv: 1c7 18o+2tk: 1c8 18o+le: 1c9 18o+1cr: 1cb 18p+li: 1ce 1g6 1a3: 1cg 17z+le: 1da 181+le: 1db 19e: 1de
xjj 2jg4 19f: 1df 2ojt 19g: 1dg 19i: 1di 19l: 1dl 1uv 1jhg 2pfg 17l+1hiy: 1dp 18l+1hiy: 1dq 33+le: 1dr
17s+1cr: 1g1 1bg: 1gi 1g4: 1gn 1pl 18m+179: 1go 18m+li: 1gp 181+190: 1gs 1av+179: 1gx 183+le: 1ha 18w+18w: 1ih
nk+nk: 1ij 1ik+1ik: 1il 1ik+nk: 1im pg: 1k1 3yb 6py 7g3 8sm 8yo wno 1f2d 1f37 1sbm 1zjg 20ii 2rcy lk: 1kj 1rf
28k 3tr 5ke 1gjz 1gpx 1hl5 1hxe 2ne5 2a8: 1nl 2ak 2l8 1icc 181: 1nr 18p+lm: 1ov 17s+190: 1pd 1b6+1cr: 1pg
18l+1cr: 1pj 18p+19w: 1pk 17z+mc+mb: 1pq 185+mc+mb: 1pr 1bj: 1ps 18o: 1pt 1f50 182+le: 1pu 17s+1cy: 1py
18p+1cr+1cy: 1pz 181+li+lj: 1q1 18p+li+lj: 1q2 18p+1cr+li: 1q6 17u+li: 1q7 18p+179+li: 1q8 1ae+li: 1q9 18j+li:
1qa 18s: 1r9 1rc 1rl mc: 1ri 5pa 1id8 18t: 1rm no: 1rt np: 1ru nm: 1s0 1s5+1ty: 1s4 1s5+1jo1: 1s6 1tc+1u5+1s7:
1s8 1sf+li: 1sd 1sf+1ty: 1se 1sf+1jz8: 1sg 1s5+1jo1+li: 1sh 1s5+1jo1+1ty: 1si 1s5+1jo1+1jz8: 1sj 1s5+1jo1+1u0:
1sk 1jnr: 1tb 1jo1+1tm: 1tn 1jo1: 1tq 1xb: 1tr 20v 1inl 1jz8: 1tz 213 1joa 1jo1+li: 1u1 lc: 1ub 1jz6+1jz6: 1uf
20y 1jz7 4w: 1v4 1z1 25s 3z8 4wu 6qg 7gr 7hi 7n0 94g x86 1hvf 1i65 1ikv 1io6 1iyr 1jcr 2nzz 1s5+li: 1v6
1s5+1tm: 1v7 1s5+1jo1+1tm: 1v8 1s5+1u7: 1v9 1sn+mp: 1vf 1ss+mp: 1vg 1sx+mp: 1vi 1t8+mp: 1vj 1vp+1xa: 1vq
1vv+1xf: 1y8 1y9 1l: 1yl 21z 294 2nh 8ui 8uj x2m x2n 1jfw 1jgs 1jh2 1zgh 2nea 1ww: 1yo 1inf 1khd 1vn: 1z7 2df
2gz 2kj 2o3 327 37c 4p3 876 1ibn 1io1 1jof 1jqx 1k5a 1z9+20u: 1za 1t6+1u5+1sv+1xb: 1zb 1t6+1u5+1sv+20w: 1zc
22b+1jz6: 1zd 22b+1jz6+1jz6: 1ze 1t6+1u5+1sv+1jz8: 1zj 1z9+1u0: 1zk 1z9+218: 1zo 1th: 1zp 1jnu 1t0+1u5+1t0:
1zw 1sv: 1zz 1sw: 200 1s9: 204 1t6: 207 1jnm 1sy: 20b 1t9: 20e 1tl: 20l 1ta: 20o 1u0: 214 1job 1ty: 217 1u5:
219 24t 1jcp 1t6+1u5+1sv: 22a 22t+24e: 22u 22t+24l: 231 22t+24n: 233 22t+24o: 234 22t+24e+24l: 235
22t+24e+24n: 237 22t+24e+24o: 238 1uw: 240 25k 1tp: 24d 1tt: 24h 1tu: 24i 1uy: 25m 1v2: 25q 26d+27y: 26e
2a1+2b7: 2a2 1ibu 1kug: 2ay 2a0: 2b4 2bi 1ida 2ba: 2bc 2ly 1id2 2ax: 2bs 2b7: 2c7 2ad: 2cn 2a1: 2co 2kp 1ibt
2ai: 2cq 2a0+2bl: 2cr 2ai+2bl: 2cs 2a6: 2ct 29x: 2cu 2b3: 2cw 1icv 2ai+2bm: 2cy 2b2+2bk: 2d0 2cz: 2d1 2a6+2b9:
2d3 2bb: 2d4 2aw+2bk: 2d6 2du+2fp: 2dv 2hf 2du+2fg: 2dw 2hg 2hi+mb: 2dy 2eo+155: 2e8 2e9+mb: 2ea 2ef+155: 2ed
2ek+mb: 2el 2et+2f5: 2em 2et+mb: 2ev 2et+2f2: 2ex 2f5+2f2: 2f6 2f7+2f2: 2f8 2dn+2f2: 2g0 2do+2f2: 2g1 2dh: 2h1
2di: 2h2 2dj: 2h3 2ds: 2hc 2du: 2he 2dz: 2hj 2e4: 2ho 2e5: 2hp 2e6: 2hq 2e7: 2hr 2eb: 2hv 2ee: 2hy 2eg: 2i0
2en: 2i7 2eo: 2i8 2ep: 2i9 2eq: 2ia 2er: 2ib 2f3: 2in 2f5: 2ip 2f7: 2ir 2fw: 2jg 2h8+2im: 2jl 2g7: 2jr 2g8:
2js 2gf: 2jz 2kn+2mv: 2ko 2a1+2mv: 2kq 2lk+2m9: 2ks 2l5 2nt 2bq+2ku: 2kw 2ky+2m6: 2kz 2ky+2mv: 2l0 2b9: 2l2
1id1 2ar: 2lf 1icj 2b2: 2lh 2ls: 2lt 35u 3bs 55v 1hxl 2b8: 2lw 2an+2bj: 2m2 2bj: 2m7 2m8 1idb 2m9: 2ma 2mb
2bq: 2me 1idj 2br: 2mf 2bq+2bq: 2mg 1v5: 2mm 4wv 2lk+2ml+2lq: 2my 33+2ls+33: 2n3 2la: 2n5 2ls+2ml: 2ne 2nw
2li+2ml+2ls: 2nf 2lk+2ml+2lk: 2ng 2lx+2ml+2ls: 2ni 2lk+2ml: 2nj 2nv 2m1+2ml+2lq: 2nq 2ar+2ml: 2nu 2lu+2ml: 2nx
2lv+2ml: 2ny 2pv+2qg: 2od 2oh+2q2: 2oi 2oh+2qh: 2oj 2oh: 2ph 2or: 2pi 2ok: 2pl 2ow: 2ps 2pj: 2pw 2qh+2qh: 2qj
2qw+2q7: 2qx 2oy: 2qy 2pb: 2qz 2qw+2qb: 2r3 2qg+2qg: 2r6 2rm: 2rn 2ru: 2rv 2ry: 2rz 2ro: 2s4 2s5 2s1: 2s7 2rq:
2sh 2sg: 2sm 2w9: 2sp 2tc+2tc: 2td 2sy: 2th 2rs: 2vc 2si: 2vh 2sa: 2vu 2sb: 2vv 2sd: 2vx 2se: 2vy 2sf: 2vz
2t4: 2wo 2t5: 2wp 2ww+2ww: 2wx 2tl: 2x5 2tm: 2x6 2tn: 2x7 31k+324+lm: 2yo 31c+31w+32a+1vn: 2yq
31c+31w+32a+2z8: 2yr 2z1+2z1: 2z2 2ze+2ze: 2zf 2zh+2zh: 2zi 2ze+2zh: 2zj md: 307 37b 58f 9il 30l+309: 315
30m+309: 316 30n+309: 317 31e: 31m 322+322: 323 324+324: 325 31t: 33k 2zh+2ze: 34e ggg: 34l ggd: 34m 2ls+370:
35s 55s 33+370: 368 3br 56a 1hxy 37l+370: 36g 56l 1hxf 36d+370: 36n 391+370: 36q 2ls+370+37d+2ls+370: 36r
36m+37g: 36x 36m+37g+287+370+37e: 36y 287: 375 36j+37i: 38h 37l: 38l 36d+37i: 38m 36d+370+37i: 38v 35v+37i:
38w 399+37i: 39a 2ls+37i: 39d 39f+lm: 3a6 x3a: 3a8 3cw+3cw: 3cx 3hl 3cz+3cz: 3d0 16ml 3d3+3d3: 3d4 16na
3d5+3d5: 3d6 3i3 3d8+3d8: 3d9 16nt 3cy+3cw: 3df 3id 3cy+3cy: 3dg 3jz 3cy+3cz: 3dh 3ie 3cy+3d3: 3di 3cz+3cw:
3dj 3ii 3d1+3cy: 3dk 3il 3d1+3d1: 3dl 3io 3d1+3de: 3dm 3ej 3hy 16nm 3d1+33: 3dn 16n1 3d2+3d3: 3do 3j0 3d2+33:
3dp 3j6 3d3+3cw: 3dq 3d3+3cy: 3dr 3d3+3cz: 3ds 16n7 3d3+3d5: 3dt 3i1 3d3+3d5+3cw: 3du 3d3+3d5+3cz: 3dv 16nb
3d3+3d5+3d3: 3dw 3d3+3d5+3d5: 3dx 3d3+3d5+3d8: 3dy 3d3+3d8: 3dz 16nc 3d3+3da: 3e0 16nd 3d3+3dc: 3e1 3d3+3dd:
3e2 3j8 3d3+33: 3e3 3ja 3d3+3d3+33: 3e4 3d5+3cw: 3e5 3jb 3d5+3cy: 3e6 3d5+3cz: 3e7 3jc 3d5+3d1: 3e8 3jd
3d5+3d2: 3e9 16ne 3d5+3d3: 3ea 3je 3d5+3d3+3cw: 3eb 3d5+3d5+3d5: 3ec 3d5+33: 3ed 3d5+3d8: 3ee 16nj 3d5+3da:
3ef 16nk 3d5+3db: 3eg 3d5+3dc: 3eh 16nl 3d5+3dd: 3ei 3ek+3ek: 3el 3em+3em: 3en 33+3cw: 3ep 3jg 33+3cz: 3eq
33+3d2: 3er 33+3d3: 3es 33+3d5: 3et 3jl 33+3eo: 3eu 3jm 33+33: 3ev 3ji 6qm wwp x1r 33+3d8: 3ew 33+3da: 3ex
33+3dc: 3ey 33+3dd: 3ez 3d8+33: 3f1 3f2+3f2: 3f3 3f4+3f4: 3f5 3da+3db: 3f6 3da+3de: 3f7 3dd+3d3: 3fa 3jn
3dd+33: 3fb 3jo 3de+3de: 3fc 3cw+3cz: 3fe 3cy+3d5: 3ff 3if 3cy+3d8: 3fg 3ho 3cy+3de: 3fh 3hp 3cz+3d1: 3fi 3ij
3fl+ffs: 3fm 3fn+ffs: 3fo 3fp+ffs: 3fq 3fr+ffs: 3fs 3ft+3fl: 3fu 3ft+3fl+ffs: 3fv 3ft+ffs: 3fw 3fy+3fp: 3fz
3fy+3fp+ffs: 3g0 3fy+ffs: 3g1 9oc: 3g3 5hj 6c4 6c5 7b4 7b5 9u8 feo x6f 1hsb 9oc+ffs: 3g4 ffs: 3g5 718 71b 71e
71h 71m 71q 9u9 3fl+3ft: 3g6 3fl+3fy: 3g7 3fn+3ft: 3g8 3fn+3fx: 3g9 3fp+3ft: 3ga 3fp+3fy: 3gb 3fp+9oc: 3gc
3fr+3ft: 3gd 3fr+3fy: 3ge 3ft+3fp: 3gf 3ft+3fp+ffs: 3gg 3ft+3fr+ffs: 3gh 3ft+3ft: 3gi 3ft+3fy: 3gj 3fx+3fn:
3gk 3gm 3fx+3fn+ffs: 3gl 3fx+3ft: 3gn 3fx+ffs: 3go 3fy+3fl: 3gp 3fy+3fl+ffs: 3gq 3fy+3fp+9oc: 3gr 3fy+3fr+ffs:
3gs 3fy+3fy: 3gt 3g2+3fl: 3gu 3g2+3fp: 3gv 3g2+3fp+ffs: 3gw 3g2+3fr: 3gx 3g2+3fr+ffs: 3gy 3g2+3fy: 3gz
3g2+ffs: 3h0 9oc+3fy: 3h1 9oc+9oc: 3h2 9oc+ffs+3fy: 3h3 ffs+3fl: 3h4 ffs+3fn: 3h5 ffs+3ft: 3h6 ffs+3fy: 3h7
ffs+9oc: 3h8 ffs+3ha: 3h9 3ha+3fp: 3hb 3ha+3fy: 3hc 3ha+ffs: 3hd 3ha+3ha: 3he 3fl+9oc: 3hf 3fn+3fy: 3hg
3fr+3fn: 3hh 3ft+3fn: 3hi 3ft+3fn+ffs: 3hj 3cw: 3hk 3cw+3d5: 3hm 3cy: 3hn 3cz: 3hq 3d1: 3hr 3d1+3cw: 3hs xgk
3d1+3d2: 3ht xgo 3d1+3d3: 3hu xgp 3d1+3d5: 3hv xgs 3d1+3dc: 3hw 3d1+3dd: 3hx 3d2: 3hz 3d3: 3i0 3d5: 3i2 3d8:
3i5 3da: 3i6 3db: 3i7 3dc: 3i8 3dd: 3i9 3de: 3ia 3cw+3d1: 3ib 3cw+3d5+3cw: 3ic 3cy+3eo: 3ig 3cy+3dc: 3ih
3d1+3cw+3d5: 3ik 3d1+3cz: 3im xgm 3d1+3cz+3de: 3in 3d1+3d2+3cw: 3ip 3d1+3d2+3d5: 3iq 3d1+3d3+3d5: 3ir
3d1+3d3+3de: 3is 3d1+3d3+33: 3it xgr 3d1+3d5+3d5: 3iu 3d1+3eo: 3iv 3d1+3db: 3iw xgu 3d1+3fd: 3ix 3d2+3cw: 3iy
xgv 3d2+3d1: 3iz 3d2+3d5: 3j1 xgx 3d2+3d5+3d5: 3j2 3d2+3eo: 3j3 3d2+3da: 3j4 3d2+3de: 3j5 3d3+3d1: 3j7
3d3+3de: 3j9 xh0 3eo: 3jf 33+3cw+3cw: 3jh 33+3db: 3jj 3f0: 3jk 3de+3cy: 3jp 3de+3d1: 3jq 3de+3d2: 3jr 3de+3d3:
3js 3fd: 3jt 3cw+3cy: 3ju 3cw+3d3: 3jv 3cw+3da: 3jw 3cw+3db: 3jx 3cw+3de: 3jy 11k: 3mo 40e 6qx 6v6 wl1 1zo1
2k3p 12p: 3o4 6v: 3tx 7tj 1w: 3vk 4bi 4bu wk3 27+m3: 3vo v4: 3wn 4bz 2k2q 1g: 3wu xwe 1jfz 20ea 24: 3xa 42y
8uo wkh 1fdn 1fl2 1jfn 1jg2 20ie 2k2y 1p: 3y8 94w 9ls wlb wss x3e 1evk 1hsj 53+3y9: 3yk 3y9+53: 3yl 53+pg: 3ym
pg+53: 3yn 53+3yc: 3yo 3yc+53: 3yp 53+3yd: 3yq 3yd+53: 3yr 53+3ye: 3ys 3ye+53: 3yt 53+3yi: 3yv 3yi+53: 3yw
53+3yj: 3yx 3yj+53: 3yy jt: 3zc 7f8 17: 3zd 474 4j1 7th 1f2z 1hsl 1z6x 2o6h 3y9+3z4: 3zf pg+3z4: 3zg 3yd+3z4:
3zh 3yi+3z4: 3zi 53+1q: 3zr 400 6vr 53+2e: 3zu 2e+53: 3zv 53+g5: 3zw g5+53: 3zx 53+3zm: 3zy 3zm+53: 3zz 1q+53:
401 53+3zo: 402 3zo+53: 403 53+1o: 404 1o+53: 405 6vq 8tw 8tx 53+3zt: 406 3zt+53: 407 53+40g: 40k 40t 53+2d:
40n 2d+53: 40o 53+11k: 40p 11k+53: 40q 53+40f: 40r 40f+53: 40s 40g+53: 40u 53+40h: 40v 40h+53: 40w 53+40l: 40x
40l+53: 40y 53+40m: 40z 40m+53: 410 2d+13: 413 11k+13: 414 40g+13: 415 40l+13: 416 2q+lj: 41f 53+417: 41g
417+53: 41h 53+28: 41i 34+53: 41j 53+41a: 41k 41a+53: 41l 53+2s: 41m 2s+53: 41n 53+41c: 41o 41c+53: 41p 53+2q:
41q 2q+53: 41r 53+2q+lj: 41s 2q+lj+53: 41t 417+13: 41x 28+13: 41y 2s+13: 41z 2q+13: 420 53+421: 42a 421+53:
42b 53+423: 42c 423+53: 42d 53+424: 42e 424+53: 42f 53+22: 42g 22+53: 42h 53+426: 42i 426+53: 42j 53+428: 42k
428+53: 42l 53+429: 42m 429+53: 42n 53+42r: 430 42r+53: 431 53+pf: 432 pf+53: 433 53+42u: 434 42u+53: 435
53+42v: 436 42v+53: 437 53+42w: 438 42w+53: 439 53+24: 43a 24+53: 43b 53+42z: 43c 42z+53: 43d 53+43k: 43t
43k+53: 43u 53+43r: 43v 43r+53: 43w 53+43s: 43x 43s+53: 43y 3z5: 441 53+443: 44c 443+53: 44d 53+445: 44e
445+53: 44f 53+446: 44g 446+53: 44h 53+447: 44i 447+53: 44j 53+448: 44k 448+53: 44l 53+44a: 44m 44a+53: 44n
53+44b: 44o 44b+53: 44p 53+44t: 452 44t+53: 453 53+44v: 454 44v+53: 455 53+44w: 456 44w+53: 457 53+44x: 458
44x+53: 459 53+44y: 45a 44y+53: 45b 53+450: 45c 450+53: 45d 53+451: 45e 451+53: 45f 45n+1o: 45o 45n+40l: 45p
45n+2q: 45q 45n+428: 45r 53+45s: 45z 45s+53: 460 53+45t: 461 45t+53: 462 53+45u: 463 45u+53: 464 53+45v: 465
45v+53: 466 53+45w: 467 45w+53: 468 53+45x: 469 45x+53: 46a 53+45y: 46b 45y+53: 46c 53+1g: 46n 1g+53: 46o
53+46g: 46p 46g+53: 46q 53+46h: 46r 46h+53: 46s 53+46i: 46t 46i+53: 46u 53+46j: 46v 46j+53: 46w 53+46l: 46x
46l+53: 46y 53+46m: 46z 46m+53: 470 53+47g: 47i 47g+53: 47j 53+47u: 47v 47u+53: 47w 53+487: 488 487+53: 489
16+16: 48f 47k+418: 48u 47k+28: 48v 47k+41a: 48w 47k+2s: 48x 47k+41c: 48y 47k+2q: 48z 47k+2q+lj: 490 47k+41v:
491 tr: 492 49h+422: 49a 49h+423: 49b 49h+424: 49c 49h+22: 49d 49h+426: 49e 49h+428: 49f 49h+429: 49g 6k2: 4ad
wke x6j: 4af 2k34 8rz: 4as 6ps wkv 2k2f 428: 4ci 421: 4cj 443: 4ck 44a: 4cn 477: 4de 47a: 4df 47e: 4dg c1: 4dq
4dw 6jr q1: 4dr 4dx 1f3q 47k+417: 4fj 49h+421: 4fk 49i+423: 4fl 49i+424: 4fm 49i+22: 4fn 49i+426: 4fo 49i+428:
4fp 49i+429: 4fq 49z+53: 4fr 4a0+53: 4fs 4a1+53: 4ft 4a2+53: 4fu 4a3+53: 4fv 4a4+53: 4fw 4a5+53: 4fx w: 4g0
6co 6cp 7wg 4hp: 4hu 70f 4ho: 4ip 1j: 4kq 5ms 1fiq 1jgm 20ei 2k1q 2k2a 4k5: 4l0 1b: 4l1 6dd 6dg 6qd 7e9 7uz
8ag 8ue 8uf 9ir 9n2 9ua 9ub fgf 2k3e 4ne: 4nj 4nl+4pe+4no: 4o1 4o2: 4o3 4o2+4om: 4o4 4nq+4pe+4nm: 4og 2t0: 4on
2t1: 4oo 2t2: 4op 2t3: 4oq 4ox+2t1: 4ou 4ox+4om: 4p0 2sv: 4pg 2u2: 4ph 2tr: 4pl 2u3: 4pm 4s5: 4t1 4t8: 4uu
53+4vl: 4vn 53+4vo: 4vq 53+4vs: 4vt 53+4w0: 4w2 53+43m: 4w6 43m+53: 4w7 53+43n: 4w8 43n+53: 4w9 53+43o: 4wa
43o+53: 4wb 53+43p: 4wc 43p+53: 4wd 53+477: 4we 53+47a: 4wf 53+47b: 4wg 53+47c: 4wh 53+47d: 4wi 53+47f: 4wj
4xh: 4wr 1v5+3z2: 4ws 3z2+1v5: 4wt 477+53: 4ww 47y+53: 4wz 486+53: 4x0 48b+53: 4x1 tr+53: 4x4 49j+53: 4x6
v4+53: 4x9 4c4+53: 4xc 4d7+53: 4xe 38d: 521 526: 53k 52p: 53l 36d: 56f 1hy3 36i: 56n 36m: 56w 37j: 578 1hxm
37g: 579 37d+36k: 57a 37d+36d: 57h 37d+36m: 57i 37d: 57k 1hyr 378: 57m 1hyf 370: 57n 36z: 57o 59k+59k: 59l
59m+59k: 59n 1cr: 59w 6hn 5ae: 5ax 5b9: 5bb lg+lg: 5bc 5cd: 5ea 5ch: 5eb 5d4: 5eg 5e8: 5ek 5em+5em: 5en
5kr+5kr: 5ks 5mm+5mm: 5mn mj: 5p1 ml: 5p5 lq: 5p6 ly: 5pp d9+33: 5qs 3e: 5r6 8rw 8st 8x9 xw3 i4: 5rb 8t3 1fiw
5qw: 5rd xwy u3: 5rf 39+2t: 5t7 2u+ms: 5ta 36+32+ms: 5tb 32+ms: 5tc 36+ms: 5te hq+ms: 5tf 37+ms: 5tg 38+ms:
5th 3e+ms: 5ti 34+mt: 5tp 39+mt: 5tq xwc i2+mt: 5tr 2mp5: 5u7 gb: 5u8 2mpn: 5uh 5ay: 5wo 92k: 5wu 1ik: 5xa
30+24: 64a 3i: 6dv 6rg 9i4 8yf: 6e5 6we 8xu: 6e6 87t 94t 2jfz 1v+6i3: 6g1 4j: 6g4 36+32+mw: 6g5 2f+mt: 6g9
2s+mt+mp: 6gb 2c+6i3: 6ge 30+38: 6gm 11w: 6gt 8u8 8vc 1ew0 181+18p+30+18k: 6gx tp: 6iw hr: 6jt wko: 6kh wl2:
6ki 1fdd 20iu 2k2d 2k2z 20hs: 6kj xv0: 6mi 4i7: 6mp 4iw: 6mt 6nm: 6np 2q6m: 6nu 4ii: 6ny 8bl 2rps: 6o4 2rpt:
6oc b2: 6pv 8xm wkx 2k2w 17+lj: 6qc 2k: 6qe 7ea 7v1 8ad 8ah 9uc fg6 2k27 2k3f hv: 6qz xu5 1m+1m: 6rb 94c
19+lj: 6rc 8tu 8tv 1p+lj: 6s0 1p+mb+lj: 6s1 1m+1p: 6s4 1p+1m: 6s5 1p+lm: 6s7 1p+le: 6s9 1p+li: 6sa 1p+ob: 6se
6sh: 6sj 8tz 1o+1o: 6sq 1q+1q: 6sr 8bk 40l: 6te 946 40g: 6tf 947 1f3c: 6tx 8ap wwq 2re0 ig: 6u1 7ih 8ao 8yh
wvc 1fib wk5: 6ud 7uq x4h 2k2k 6qv: 6v4 4ik: 6v8 7gn 7gq 7ky 1f2s 1jg7 2rf8 4im: 6vc 8bh 1o+1o+1o: 6vs
1q+1q+1q: 6vt 53+53+53: 6wf 8y0 6xw: 6xx 9j0: 6yp 890 pg+mq: 6zd 4ik+mq: 6ze 4w+mq: 6zg 1hhs 6u3: 6zj 2c+lk:
6zl 6pz+lk: 6zm 6va+lk: 6zn 4w+lk: 6zo 27+lk: 6zp 3i+lk: 6zs 3zp: 6zt 6pz+ms: 6zv qx: 705 8tt wul x4n 2p+mq:
706 x3n+mq: 707 2x+mq: 708 qx+mq: 709 6z9: 729 6z2: 72a 6yz: 72b 6zx: 72e 6f5+6f4: 73c 73v: 73w 7jy: 73y 2ql4
2k+2k: 762 8vt 7bg: 7bj 7bw: 7c3 ci: 7e2 6q6: 7ew 7fk 7fu 7f0: 7f4 7fa: 7fb 7fc: 7fh 739: 7g1 6ur: 7g7 7g6:
7g8 7ga 1f3w: 7gd 2k2c 2rd0 6uq: 7gh 6ym: 7gu 88u 6xe: 7hc 7fl: 7io 1ggu: 7j9 1omx pq: 7jk 8ty 70o: 7js 2k1j:
7k3 6rz: 7ke 2rfi 2s0l: 7kn 2s0n: 7kt 2jx4+2jxh: 7l5 2jx4+2jxh+2jxq: 7l6 14: 7s8 7si 95u 9hw 1e0u 1etd 15: 7s9
7sj 95v 9hx 1e0v 1etc 3f: 7sk 2jv8 3h: 7sl 2k+40l: 7uw 40g+1b: 7ux 7sc: 7vs 9hk 9jj 9ox 9uj 2zfs 7sd: 7vt 9hl
2jfk: 83j 30+4ii: 86b 6o3+6o2: 86d 30+6o2: 86m 6o3+4ii: 86n 2j+mp: 87f 2l+mp: 87g 6yx: 88g 2jg0: 88l 6yq: 891
6yj: 893 1f40: 89i 87u: 89l 1m+6mq: 8ac 1b+lg: 8ae 6tz: 8aq 6tp: 8ar 6tq: 8as 6tv: 8at 2lts 6tw: 8au 17+lm:
8bm 17+le: 8bn 17+lf: 8bo 17+mb: 8bp 17+mo: 8bq 17+6f6: 8br 19+lv: 8bt 19+mb: 8bu 3c+lj: 8c0 6xl: 8cd 8bj: 8ce
6q8: 8cf 1p+mb: 8di 3i+lj: 8dm 93y 1p+6i8: 8dq 1q+1o: 8f9 4b9: 8fe 4b6: 8ff 40g+40l: 8gn 1b+1b+1b: 8hn 1b+1b:
8hp 1p+59u: 8ly 2l+53+2j: 8ns 6n2: 8oc 6n3: 8od 6n4: 8oe 6n5: 8of qj: 8t2 x5n 1fiz hg: 8t7 ib: 8t9 qv: 8tp xub
xud wuk: 8ts x4m tk: 8u4 sc: 8u9 in: 8up xwu 1fer rb: 8v8 7jb: 8vd 4j3: 8yr 5wf: 92g o8: 92l 5az: 92m of: 92n
o3: 92u o4: 92v 19+lk: 93u 3i+mb: 93z 14+14: 948 15+15: 949 6r9: 94a 6r8: 94b 17j: 94e 17f: 94l 52: 94v ghu:
96p fh7: 96q 9ue fh6: 96r 9un fjv: 96t 9lw g3m: 96u 2uco: 96v g76: 96x ggs: 96y 9mw aim: 96z g1s: 972 i77: 973
i76: 974 2yma: 975 ik3: 976 inu: 977 itt: 978 its: 979 9ns 3tbt ix0: 97a b96: 97b jf0: 97c jzp: 97d k4h: 97f
kco: 97h l8a: 97i lch: 97k ldh: 97l ldm: 97m m7g: 97n mjv: 97o 97p ffw: 97q mnh: 97s mtn: 97t 38d0: 97u p5e:
97v 982 ny2: 97w ny3: 97x 9n1 3b2v: 97y oop: 97z p0f: 980 p5f: 981 af5: 983 g47: 984 3ckr: 985 p6y: 986 3cr0:
987 3cqz: 988 paa: 989 pds: 98a pdr: 98b 3dxt: 98d prt: 98e 98f 98g gg4 ggt qj2: 98h qxw: 98i r5s: 98j r5r:
98k r7l: 98l r82: 98m 3gz6: 98n rkw: 98o rvh: 98p 3id3: 98q sbq: 98r sdy: 98s 98t 98u tnh: 98v 992 tc5: 98w
3dc+9oc+3cy+3d8: 98x tiv tiw: 98y tj3: 98z tm0: 990 3l73: 991 tw2: 994 u06: 995 u45: 996 u6m: 997 u72: 998
u73: 999 3mv3: 99a u74: 99b uar: 99c 3n68: 99d ui4: 99e ujs: 99f unw: 99g uws: 99h v8f: 99i gh0: 99j vc6: 99k
vd0: 99l vem: 99m k21: 99n vgw: 99o l7z: 99p vi7: 99q o9o: 99r vix: 99s vj0: 99t fi8: 99u kz: 9he 6go: 9hu
7vq: 9i2 7vr: 9i3 1ehq: 9ll ijp: 9m0 gbf: 9m3 hlh: 9mn fik: 9mz 2tcu 2tcv 2tcw g2z: 9n3 get: 9n6 9ko: 9nc gja:
9nk gkj: 9nx h5j g1r: 9pi 20oi 9mj: 9t0 2tak: 9ty fgg: 9u7 9ul 2tal: 9ud 2tai: 9uf 2tam: 9ug 2tcc: 9uh fid:
9ui 2taj: 9uk 2tap: 9um fh5: 9uo 2tce: 9up 9pk: a9x aa2: aa3 43sr: asv 9oz: azm app: beb 3tbq: bpb 43x6: c6d
43yj: ce3 43yo: ce7 4405: cnl 440x: cw2 ako: dcr bp7: dgg 444j: dlh 3gz2: dxx f2l: f2m i9a: fcp 34br: fcu 9ou:
feq 3d8+3ft: ff9 3d5+3d5+9oc: fff 9ow: fft 9nl: fgk 2dk2: fim 2dk8: fit 3d5+9oc+3cw: fka 43qv: fl6 fp1: fsy
ftw: fuk g24: g29 20oj: g2a lta: g5s 3d2+3fl: ggv 3d5+9oc+3d2: glk gmr: gms gnd gur: gv3 hgh: hgr h7j: hkb
hij: hkv hns: hnw mry hq1: hq2 hsr: htb htd hwv: hz4 43to: i1v gx2: ifm 9ot: ijg 9pp: ikg ikf: iki ild: ilu
bp6: imo 43uj: iv8 j0m: j0y j2d: j3a 3tbz: j7c jee: jef jeg ji1: ji2 jl5: jml jlr: jpu jqv bi9: jrd jqy: jrq
jt3 3zyc: jzg k0j: k0q k6f: k6h cov: k83 k7u: k89 k4l: kc0 bmi: kc6 deb: kcq dhf: kdi 9nf: kdl kdm: kdn bpt:
khm kfi: kjj koi: kox bs3: kx5 kv1: kyv 3ti6: l5x 2kc6: l7n 43wj: le2 lgr: lgs lnb: lne g5t: lsa afn: ltf g5v:
luv g5u: lv4 g5w: lvo afp: lvp afq: lwt g5z: lz0 afr: lzo lu0: lzt g60: m18 g64: m1r g61: m1w g62: m2n m2q:
m37 g67: m4m 43xf: m9o 3cy+3fy+ffs: mkf mzo: n06 396b: nis niz: nj0 npw: nrj o3p: o3y ord: ore or9: os6 ouq:
ouu 41zf: pem kcs: peu kcw: pfu kcv: pg0 bp1: ph2 kcz: phd kd4: pif pij: pip ph8: pj5 kdf: plz 4a3s: pte pvj:
pvt q6l: qbj qif: qip 3fic qnv: qol duo: qze dyu: ra6 ram: rct re2: re4 rhc: rhd rk6: rkf rq4: rqb ry7: rye
s11: s1m s5z: s63 s6p: s6q s8v: s9z 444g: sfn ed0: sk7 444p: skj smv: snd snp sz7: t0t t65: t66 4452: tcn
446c: tiy i4p: tru lsc: u75 u7i: u7m lus: ucu f2d: upz v9e: v9f vdd: vde cy3: vj1 cop: vk3 w5p: wic vr4: wik
vnu: wim wgo: wiv vua: wiw vo0: wj0 wci: wj4 wcf: wje w4x: wji w2h: wjj wbv: wjk wc5: wjm 4ca: wkt 1gdd 4bl:
wl3 1a+1a: wl6 1a+18: wl7 19+1a: wla 30+30+30: wly tm+30: wuo jt+2q+2x: wup 6i1: wvj jr: wvy 27+27: wwo x1q
33+lg+lg: wwy 9mh: wx3 4hl: wxc 2h+lj: wxe ip: wy5 1l+53: wyl wz7+wz7: wz8 kr: x04 2c+1f: x0o 38+f1: x0p
1t+1t: x0y 2p+2p: x0z 1t+27: x10 2p+33: x11 1t+2d: x12 2p+39: x13 1t+2e: x14 x16 2p+3a: x15 x17 1t+2h: x18
2p+3d: x19 3b+me: x29 38+2u: x2v 12: x2w 2r8y 2r90 2r91 x2x: x2y x0n: x3p 1fde: x3u 1fei: x3v ii: x3x 1fe2
wkk: x3y 2b+mg: x51 x5f: x5e x5h: x5g g5+mw: x5o 1uw+li+lj: xdh 1f+li+lj: xdi 3cz+3d2: xgg 3cz+3d3: xgh 16mn
3cz+3d5: xgi 16mo 3cz+3d8: xgj 16mq 3d1+3cw+3cw: xgl 16mt 3d1+3cz+3cz: xgn 3d1+3d3+3d3: xgq 3d1+3d8: xgt
3d2+3cz: xgw 3d3+3d5+3dc: xgy 3d3+3db: xgz 3d5+3d5+3d3: xh1 33+3d1: xh2 33+3de: xh3 3d8+3d8+3de: xh4 3dc+3dc:
xh5 3dd+3de: xh6 3de+3d5: xh7 3fd+3fd: xh8 8qn: xhu xi5: xib xjk: xja xkx: xn7 xlv: xna 38c+370: xnq
35t+37f+37i: xoe 35y+37f+37i: xof gk+mw: xtr d9+33+mw: xtt d9+33+mt: xtu 2r+33: xtv 2r+33+mw: xtw 36+32+mb:
xu9 ux: xuo gk+2t: xuq 39+33: xur 5qd: xv4 hs: xv5 xwi 33+m3: xv8 5q8: xve 5qi: xvf 5qf: xvg g2: xvi 8s6: xvk
3ft+3fr: 16ls 3ft+3ft+ffs: 16lt 3fx+3fl: 16lu 3fx+3fl+ffs: 16lv 3fx+3fp: 16lw 3fy+3fr: 16lx 3fy+ffs+ffs: 16ly
3g2+3fl+ffs: 16lz 3g2+3ft: 16m0 9oc+3fl: 16m1 9oc+3fp: 16m2 9oc+3fp+ffs: 16m3 9oc+3ft: 16m4 ffs+3fn+3ft: 16m5
ffs+3fn+ffs: 16m6 ffs+3fr: 16m7 ffs+3fr+ffs: 16m8 ffs+3ft+ffs: 16m9 ffs+3fx: 16ma ffs+3g2: 16mb ffs+ffs: 16mc
3ha+3fl: 16md 3ha+3fp+ffs: 16me 3cy+3d1: 16mj 3cy+3da: 16mk 3cz+3cz+3d3: 16mm 3cz+3d5+3cw: 16mp 3cz+3da: 16mr
3cz+3dc: 16ms 3d1+3cw+3de: 16mu 3d1+3d1+3db: 16mv 3d1+3d2+3de: 16mw 3d1+3d3+3cz: 16mx 3d1+3d3+3dd: 16my
3d1+3f0: 16mz 3d1+3fd+3de: 16n0 3d2+3cy: 16n2 3d2+3cy+3cy: 16n3 3d2+3d2: 16n4 3d2+3d3+3d5: 16n5 3d2+3d8: 16n6
3d3+3d1+3dd: 16n8 3d3+3d2: 16n9 3d5+3d3+33: 16nf 3d5+3d5+3cw: 16ng 3d5+3d5+3cz: 16nh 3d5+3eo: 16ni 3eo+3d3:
16nn 3eo+3d3+33: 16no 3f0+3d2: 16np 3f0+3de: 16nq 3d8+3d3: 16nr 3d8+3d3+3d3: 16ns 3dd+3d5: 16nu 3dd+3dc: 16nv
4i1: 1eup x1e: 1ev6 26+lm: 1evi 2g+mt: 1evq 2e+mt: 1evr 2moh 30+mt+30+mt+2b+mt: 1evs 30+mt+30+mt: 1evt rc:
1f3h 1f6a 8xs: 1f3s 17z: 1f4x 187: 1f54 185: 1f5e 1f9e: 1fbl 1f9v: 1fbn 8s0: 1fdr hj: 1fen gu: 1feq 1fgm: 1fhc
xv: 1fi4 sr: 1fil 4iu: 1fio wvd: 1fjf 43g: 1g3h 1gly+1gly: 1glz 18k: 1h5f 18m: 1hhi 1a8: 1hhj li+lj+ld: 1hir
18w+1hiz: 1his li+lj+lv: 1hit 369: 1hxz 36f: 1hy5 36k: 1hyb 371: 1hyg 373: 1hyi 1tm: 1i2z 1jz4 xdo: 1i3f xdn:
1i3g 6rs: 1i3i 2as: 1ick 2aw: 1ico 2bd: 1id5 2bk: 1idc 2bl: 1idd 2bm: 1ide 1ik4+1iki+1ij6: 1ij7
1ik4+1iki+1ijc: 1ijd 1ik4+1iki+1ijn: 1ijo 1ik4+1iki+1ijt: 1iju 1ik4+1iki+1ijw: 1ijx 1ik4+1iki+1ijy: 1ijz 1vz:
1imj 1w0: 1imk 1w3: 1iml 1w4: 1imm 1w5: 1imn 1w6: 1imo 1w7: 1imp 1w8: 1imq 1wa: 1ims 1wc: 1imu 1we: 1imw 1wf:
1imx 1wh: 1imz 1wy: 1in1 1wk: 1in2 1wl: 1in3 1wm: 1in4 1wn: 1in5 1wo: 1in6 1wq: 1in7 1wu: 1inb 1wv: 1inc 1ws:
1ind 1wj: 1ine 1x3: 1inh 1x4: 1ini 1xa: 1ink 1xj: 1int 1xz: 1inx 1xp: 1io2 1x9: 1io4 3b+lj: 1io5 1yf: 1ioh
1yg: 1ioi 1yk: 1iom 1ite: 1ivs 1ivt 1itf: 1ivu 1itg: 1ivv 1iuq: 1ivw 1iur: 1ivx 6pz: 1jfs 1jvp+1jvz: 1jvq
1jvp+1jw0: 1jvr 1jvp+1jvp: 1jvs 1jvp+1jvp+1jvz: 1jvt 1jvp+1jvp+1jw0: 1jvu 1jvv+1jvz: 1jvw 1jvv+1jvv: 1jvx
1jvv+1jvv+1jvz: 1jvy 1jw3+1jvz: 1jw4 1jw3+1jw0: 1jw5 1jw3+1jw3: 1jw6 1jw3+1jw3+1jvz: 1jw7 1jw3+1jw3+1jw0: 1jw8
1t2+mp: 1jwq 1k8a: 1k8i 1fa2: 1kxk wuw: 20ik 2rcx i1c: 2dk7 2rco: 2j23 zi: 2k1u t2: 2k2h 6kk: 2k2j 6tr: 2k3c
6ts: 2k3d 4i3: 2k3j 7l9+7l9+7l9: 2k4g 2s+6pu+mt: 2mn3 2s+30+f1: 2mn4 38+h8: 2mn6 38+x3i: 2mn7 38+27+mt: 2mn8
2s+ib: 2mnf 38+hy: 2mng 2s+lw+me: 2mnh 2s+3e+me: 2mni 6pu+mt+me: 2mnj gy+me: 2mnk 3d+me: 2mnl 2w+mt+me: 2mnm
hk+me: 2mnn 35+me: 2mno hs+me: 2mnp ht+me: 2mnq 36+mg+me: 2mnr 38+5u2: 2mns 39+me: 2mnt x5a+me: 2mnu 67+me:
2mnv 27+mt+me: 2mnw qv+me: 2mnx h1+mt: 2mny 3b+mt: 2mnz 1t+mt: 2mo0 2p+mt: 2mo1 gk+mt: 2mo2 5qf+mt: 2mo3
x3n+mt: 2mo4 2w+lw+mt: 2mo7 2z+mt: 2mo9 25+mt: 2moa 36+32+mt: 2mob 36+32+me+mt: 2moc 26+mt: 2mod 32+mt: 2moe
32+mh+mt: 2mof 2mpc+mt: 2mog 3a+mt: 2moi hj+mt: 2moj qv+mt: 2mok if+2w: 2mor x3n+x3n: 2mos 2x+2t: 2mot 33+2x:
2mou 33+39: 2mov hv+2w: 2moy i0+2w: 2moz 38+2w: 2mp0 3b+2w: 2mp1 30+ib: 2mp3 5ag: 2o6m 6qo: 2ojs 6pu: 2ojw
17x+33: 2p9x 18l+30: 2pab 2peb 30+189+30: 2pae 17x+18l+30: 2paf 18k+18l+30: 2pah 18k+18j+33+33: 2pb2
18k+18j+33+30+18m: 2pb3 18k+18j: 2pb4 18j+181+18o+181: 2pb5 18j+181+18o+181+30+18p: 2pb6 18k+33: 2pb7 189+33:
2pbl 189+30: 2pbm 2pfb 18p+18o: 2pe1 18l+181: 2pf2 17l: 2pf3 18k+18p+189+30: 2pf5 17x+30: 2pf6 18p+189+30:
2pfa 17x+17z: 2prl 10+6hs: 2q6n 2r+2r+6hp: 2q99 1v+6hs: 2q9a 7jx: 2qky 2ql5 2jek: 2qlv 2jel: 2qmm 2qmn 2jem:
2qmq 2jen: 2qmr 2jei: 2qnr 2jej: 2qqq 2j22: 2qrx 2j24: 2qtf 2sca: 2qz8 29+1x: 2rcw 1t+2a: 2rd3 2e+5wk: 2rd4
7jd: 2rd6 89r: 2rei 6u9: 2rf9 37+37+37: 2rfg 25+1u: 2rfv 2e+1u: 2rfw 6u8: 2rg1 9pa: 2t51 fnp: 2tip 43qz: 2tix
fx4: 2tqa aeg: 2tzr g39: 2u4q ls6: 2uat lrg: 2uav lrf: 2uaw lti: 2ub3 lub: 2ub7 lvm: 2ub9 lu7: 2uba lyz: 2ubh
lyy: 2ubi lwy: 2ubj lyp: 2ubm m0p: 2ubq m0q: 2ubs m17: 2ubt m2r: 2ubu m32: 2ubv m26: 2uby m2e: 2uc0 m4c: 2uc9
m5k: 2ucd m59: 2ucf m5g: 2ucg m6a: 2ucj g6t: 2ues 9op: 2ug3 9hh: 2ug4 2ujr: 2uk0 9oq: 2v9v gkx: 2vfj 3tbs gll:
2vg7 goj: 2vik 2u6z: 2vl8 h2g: 2w7q hkc: 2wqk hkf: 2wrj has: 2wu1 hiu: 2x4v hkn: 2xbn hlm: 2xdz 2xm0: 2xlz
hwy: 2xvw 9p1: 2yoz 2u6r: 2yve ikd: 2zih ira: 302j 2u4g: 3030 ivu: 30g5 ixj: 30l9 j0d: 30n3 31m6: 31n2 k37:
32rb pj0: 33av l50: 346k lmt: 358g 3563: 359p 442s: 35bx m0o: 35od pp9: 3749 msh: 37fz mud: 37jx mxu: 37mw
mzs: 37r5 2yvg: 385u 2ta9: 388e n7t: 38ch nf0: 38t8 395l: 395m 39av: 39b8 4407: 39dh nq6: 39so nyx: 3a5r o2r:
3afe 3alg: 3alt o59: 3alw o75: 3ar2 rvf: 3b2s oer: 3b7g ohy: 3ber ohl: 3bgb ok1: 3bm1 pbo: 3d4e 3d7s: 3d7h
3dfc: 3dfd 33ba: 3dk0 33bz: 3dol pnx: 3dvk po4: 3dx2 pog: 3dy5 3ecg: 3ecr 4dwo: 3ehx q36: 3eme q69: 3enj 3eie:
3eo6 3ezo: 3f55 ql1: 3fpx 3gtt: 3gtx ri1: 3hf8 ity: 3ho2 s0a: 3ies shk: 3jdo tax: 3kqi tqe: 3lar m3u: 3ly5
u1l: 3mg0 3mgl: 3mgn u3i: 3ml2 3nh0: 3nhw f13: 3nyw 3opv: 3oqa kxd: 3ra5 37dg: 3rnp 443p: 3skd 445g: 3svk ibk:
3tbu 33a7: 3tby 4451: 3tgz n5c: 3u4i u2a: 3uok okc: 3uzj gg1: 3v6j 345f: 3vay 443d: 3vj4 sy2: 3x71 ggh: 3yht
u17: 43d3 402c: 43vh 43xc: 43xd 43ye: 43yf 441f: 441i 4463: 4464 ouf: 4dq4 4439: 4g3z
`;
