"""Which containers and codecs the video decoder's child opens, by FFmpeg's names, and which it only names.

Owns the lists. A reply of the child refers to a name by its place here, so that the child cannot send text. Standard
library only, because the child imports this module.
"""

from __future__ import annotations


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


DEMUXERS = _names(
    """
    3dostr 4xm aa aac aax ac3 ac4 ace acm act adp ads adx aea afc aiff aix alp amr amrnb amrwb anm apac apc ape apm
    aptx aptx_hd apv aqtitle argo_asf argo_brp argo_cvg asf asf_o ass ast au av1 avi avr avs avs2 avs3 bethsoftvid bfi
    bfstm bink binka bmv boa bonk brender_pix brstm c93 caf cavsvideo cdxl cine codec2 daud dcstr derf dfa dfpwm dhav
    dirac dnxhd dsf dsicin dss dts dtshd dv dvbsub dvbtxt dxa ea ea_cdata eac3 epaf evc film_cpk filmstrip flac flic
    flv frm fsb fwse g722 g723_1 g726 g726le g728 g729 gdv genh gsm gxf h261 h263 h264 hca hcom hevc hnm hxvs iamf
    idcin iff ifv ilbc ingenient ipmovie ipu ircam iss iv8 ivf ivr jacosub jv kux kvag laf lc3 live_flv lmlm4 loas lrc
    luodat lvf lxf m4v matroska,webm mca mcc mgsts microdvd mjpeg mlp mlv mm mmf mods moflex mov,mp4,m4a,3gp,3g2,mj2
    mp3 mpc mpc8 mpeg mpegts mpegtsraw mpegvideo mpjpeg mpl2 mpsub msf msnwctcp msp mtaf mtv musx mv mvi mxf mxg nc
    nistsphere nsp nsv nut nuv obu ogg oma osq paf pdv pjs pmp pp_bnk psxstr pva pvf qcp qoa r3d rcwt realtext
    redspark rka rl2 rm roq rpl rsd rso s337m sami sbc sbg scc scd sdns sdr2 sds sdx sga shn siff simbiosis_imx sln
    smjpeg smk smush sol sox spdif srt stl subviewer subviewer1 sup svag svs swf tak tedcaptions thp tiertexseq tmv
    truehd tta txd ty usm vag vc1 vc1test vividas vivo vmd voc vpk vplayer vqf vvc w64 wady wav wavarc wc3movie webvtt
    wsaud wsd wsvqa wtv wv wve xa xmd xmv xvag xwma yop yuv4mpegpipe
    """
)
"""Every demuxer of the pinned PyAV that reads one file by its content: none of these opens another file, address or
device. Sound and subtitles are among them, so that such a file is named for what it is."""

EXCLUDED = _names(
    """
    adf alaw alias_pix alsa apng bin bit bitpacked bmp_pipe cdg codec2raw concat cri_pipe data dds_pipe dpx_pipe
    exr_pipe f32be f32le f64be f64le fbdev ffmetadata fits gem_pipe gif gif_pipe hdr_pipe hls ico idf image2
    image2pipe j2k_pipe jpeg_pipe jpegls_pipe jpegxl_anim jpegxl_pipe jpegxs_pipe kmsgrab lavfi mjpeg_2000 mulaw oss
    pam_pipe pbm_pipe pcx_pipe pfm_pipe pgm_pipe pgmyuv_pipe pgx_pipe phm_pipe photocd_pipe pictor_pipe png_pipe
    ppm_pipe psd_pipe qdraw_pipe qoi_pipe rawvideo rtp rtsp s16be s16le s24be s24le s32be s32le s8 sap sdp ser
    sgi_pipe sunrast_pipe svg_pipe tiff_pipe tty u16be u16le u24be u24le u32be u32le u8 v210 v210x vbn_pipe vidc
    video4linux2,v4l2 vobsub webm_dash_manifest webp_pipe x11grab xbin xbm_pipe xpm_pipe xwd_pipe
    """
)
"""The rest: playlists and networks (which open other things), devices, pictures, and raw data without a signature."""

CODECS = _names(
    """
    h264 hevc mjpeg mpeg4 mpeg2video mpeg1video mpegvideo h261 h263 h263i h263p msmpeg4v1 msmpeg4v2 msmpeg4 wmv1 wmv2
    wmv3 wmv3image vc1 vc1image vp3 vp4 vp5 vp6 vp6a vp6f vp7 vp8 vp9 av1 libdav1d vvc flv dvvideo theora mxpeg mjpegb
    amv sp5x asv1 asv2 svq1 svq3 cinepak indeo2 indeo3 indeo4 indeo5 rv10 rv20 rv30 rv40 rv60 msvideo1 msrle rpza
    qtrle rawvideo v210 v308 v408 v410 y41p yuv4 cyuv ffv1 ffvhuff huffyuv hymt utvideo lagarith magicyuv prores
    prores_raw dnxhd cfhd hap jpeg2000 jpegls png speedhq aic apv cavs dirac snow tscc2 camtasia camstudio flashsv
    flashsv2 g2m zmbv mss1 mss2 msa1 mts2 fraps nuv m101 media100 cllc loco vble ylc mszh zlib
    """
)
"""The decoders that are used: what cameras, recorders, phones, editors and screen recorders write."""

NAMED_CODECS = _names(
    """
    012v 4xm 8bps aasc agm alias_pix anm ansi apng arbc argo aura aura2 avrn avrp avs avui bethsoftvid bfi binkvideo
    bintext bitpacked bmp bmv_video brender_pix c93 cdgraphics cdtoons cdxl clearvideo cljr cpia cri dds dfa dpx
    dsicinvideo dxa dxtory dxv eacmv eamad eatgq eatgv eatqi escape124 escape130 exr fic fits flic fmvc frwu gdv gem
    gif hdr hnm4video hq_hqa hqx idcinvideo idf iff imm4 imm5 interplayvideo ipu jv kgv1 kmvc lead libvpx libvpx-vp9
    lscr mdec mimic mmvideo mobiclip motionpixels mscc msp2 mv30 mvc1 mvc2 mvdv mvha mwsc notchlc paf_video pam pbm
    pcx pdv pfm pgm pgmyuv pgx phm photocd pictor pixlet ppm prosumer psd ptx qdraw qoi qpeg r10k r210 rasc rl2
    roqvideo rscc rtv1 sanm scpr screenpresso sga sgi sgirle sheervideo simbiosis_imx smackvid smc smvjpeg srgc
    sunrast targa targa_y216 tdsc thp tiertexseqvideo tiff tmv truemotion1 truemotion2 truemotion2rt txd ultimotion
    v210x vb vbn vcr1 vmdvideo vmix vmnc vnull vqavideo vqc wbmp wcmv webp wnv1 wrapped_avframe xan_wc3 xan_wc4 xbin
    xbm xface xl xpm xwd yop zerocodec
    """
)
"""Decoders that are not used (games, animations, single pictures), so that a refusal can name the codec."""
